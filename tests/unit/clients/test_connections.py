"""`closing_on_cancel`: real sockets that block, until the task is asked to stop."""

import http.client
import os
import socket
import ssl
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

import threadwork
from tests.support.aside import PATIENCE, Aside, wait_for
from threadwork import Cancelled, InvalidOption, Status, closing_on_cancel, current


@contextmanager
def pair():
    """Give two sockets that are connected."""
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def cancelled_in(block):
    """Call ``block(begun)`` in a task, cancel it once it has begun, and return the error and its outcome."""
    begun, errors = threading.Event(), []

    def task(_):
        try:
            block(begun)
        except BaseException as error:
            errors.append(error)
            raise

    run = threadwork.map(task, [0])
    aside = Aside(lambda: list(run.outcomes()))
    wait_for(begun)
    run.cancel("enough")
    [outcome] = aside.result()
    assert run.stats().abandoned == ()
    return errors[0] if errors else None, outcome


def about_to(begun):
    """Tell that a call is about to block. It may be cancelled before it does: that must not matter."""
    begun.set()


def test_a_receive_ends():
    with pair() as (one, _):

        def block(begun):
            with closing_on_cancel(one) as connection:
                about_to(begun)
                connection.recv(1)

        error, outcome = cancelled_in(block)
    assert isinstance(error, Cancelled)
    assert str(error) == "enough"
    assert outcome.status is Status.CANCELLED
    assert one.fileno() == -1


def test_a_send_ends():
    with pair() as (one, _):

        def block(begun):
            with closing_on_cancel(one):
                about_to(begun)
                one.sendall(b"x" * 10_000_000)

        assert isinstance(cancelled_in(block)[0], Cancelled)


def test_an_accept_ends():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def block(begun):
            with closing_on_cancel(server):
                about_to(begun)
                server.accept()

        assert isinstance(cancelled_in(block)[0], Cancelled)


def test_a_file_made_of_a_socket_ends():
    with pair() as (one, _), one.makefile("rb") as file:

        def block(begun):
            with closing_on_cancel(file):
                about_to(begun)
                file.readline()

        assert isinstance(cancelled_in(block)[0], Cancelled)


def test_a_response_ends():
    with socket.create_server(("127.0.0.1", 0)) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.getsockname()[1], timeout=PATIENCE)

        def block(begun):
            connection.connect()
            with closing_on_cancel(connection.sock):
                connection.request("GET", "/")
                about_to(begun)
                connection.getresponse()

        assert isinstance(cancelled_in(block)[0], Cancelled)
        connection.close()


def test_a_handshake_ends():
    with pair() as (one, _):

        def block(begun):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            secure = context.wrap_socket(one, server_hostname="localhost", do_handshake_on_connect=False)
            with secure, closing_on_cancel(secure):
                about_to(begun)
                secure.do_handshake()

        assert isinstance(cancelled_in(block)[0], Cancelled)


def test_what_has_no_file_is_closed_at_once():
    class Line:
        def __init__(self):
            self.closed = threading.Event()

        def close(self):
            self.closed.set()

    line = Line()

    def block(begun):
        with closing_on_cancel(line):
            about_to(begun)
            assert line.closed.wait(PATIENCE)

    assert isinstance(cancelled_in(block)[0], Cancelled)


def test_the_error_before_passes_as_it_is():
    def task(_):
        with pair() as (one, other), closing_on_cancel(one):
            other.close()
            one.sendall(b"x")

    error = next(threadwork.map(task, [0]).outcomes()).error
    assert isinstance(error, BrokenPipeError)


def test_an_error_that_a_closed_connection_cannot_give_passes_as_it_is():
    with pair() as (one, _):

        def block(begun):
            with closing_on_cancel(one):
                about_to(begun)
                one.recv(1)  # gives the end of the data, not an error
                Path("/no/such/file").read_bytes()

        error, outcome = cancelled_in(block)
    assert isinstance(error, FileNotFoundError)
    assert outcome.status is Status.FAILED


def test_where_nobody_cancels_nothing_is_closed():
    def task(_):
        with pair() as (one, other):
            with closing_on_cancel(one) as same:
                other.sendall(b"x")
                assert same.recv(1) == b"x"
            other.sendall(b"y")
            return one.recv(1)

    assert threadwork.map(task, [0]).collect() == [b"y"]
    assert task(0) == b"y"  # outside of a task


def test_where_it_was_cancelled_before_it_does_not_begin():
    entered = []

    def block(begun):
        begun.set()
        try:
            current().sleep(PATIENCE)
        finally:
            with pair() as (one, _), closing_on_cancel(one):
                entered.append(True)

    assert isinstance(cancelled_in(block)[0], Cancelled)
    assert entered == []


def test_a_number_that_was_given_to_another_socket_meanwhile_is_left_alone():
    with pair() as (one, _), pair() as (other, far):

        def block(begun):
            with closing_on_cancel(one):
                number = one.detach()
                os.dup2(other.fileno(), number)
                moved = socket.socket(fileno=number)
                one.__init__(fileno=number)
                begun.set()
                try:
                    current().sleep(PATIENCE)
                finally:
                    moved.detach()
                    far.sendall(b"x")
                    assert other.recv(1) == b"x"

        assert isinstance(cancelled_in(block)[0], Cancelled)


def test_leaving_the_loop_ends_all_of_them():
    begun = threading.Barrier(4)

    def task(item):
        with pair() as (one, _):
            begun.wait(PATIENCE)
            if item:
                with closing_on_cancel(one) as connection:
                    connection.recv(1)
        return item

    assert next(iter(threadwork.map(task, range(4), workers=4, ordered=False))) == 0


def test_a_pipe_is_refused():
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as file, os.fdopen(writer, "wb"):

        def task(_):
            with closing_on_cancel(file):
                pass

        with pytest.raises(InvalidOption, match="to close a pipe or a file does not end a read of it"):
            threadwork.map(task, [0]).collect()
