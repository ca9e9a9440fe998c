"""An HTTP server on loopback that answers in 20 ms, and slower for everybody when more than 32 ask at once: prints its port."""

import asyncio

KNEE, SECONDS = 32, 0.020
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Knows how many are being answered."""

    def __init__(self) -> None:
        self.asking = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection, request after request."""
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            self.asking += 1
            try:
                await asyncio.sleep(SECONDS * max(1.0, self.asking / KNEE) ** 2)
            finally:
                self.asking -= 1
            writer.write(ANSWER)
            await writer.drain()
        writer.close()


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.start_server(Server().serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
