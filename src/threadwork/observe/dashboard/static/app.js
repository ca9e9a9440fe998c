"use strict";

const $ = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("en-US");

function duration(seconds) {
  if (!seconds) return "0 s";
  if (seconds < 0.0009995) return `${(seconds * 1e6).toPrecision(3)} µs`;
  if (seconds < 0.9995) return `${(seconds * 1e3).toPrecision(3)} ms`;
  if (seconds < 99.95) return `${seconds.toPrecision(3)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text; // never as HTML: items and errors come from outside
  return element;
}

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function chart(id, lines) {
  const place = $(id);
  const axis = { stroke: () => color("--soft"), grid: { stroke: () => color("--line"), width: 1 }, ticks: { show: false } };
  const plot = new uPlot({
    width: place.clientWidth, height: 160, cursor: { y: false }, padding: [8, 8, 0, 0],
    scales: { x: { time: false }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [{ ...axis, values: (_, values) => values.map((value) => `${value} s`) }, { ...axis, size: 56 }],
    series: [{ label: "at", value: (_, value) => (value == null ? "" : duration(value)) },
      ...lines.map(([label, name]) => ({
        label, stroke: () => color(name), width: 2, points: { show: false },
        value: (_, value) => (value == null ? "" : Number(value.toPrecision(3)).toLocaleString("en-US")),
      }))],
  }, [[], ...lines.map(() => [])], place);
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: 160 })).observe(place);
  return plot;
}

const throughput = chart("throughput", [["done", "--good"], ["failed", "--bad"]]);
const latency = chart("latency", [["median", "--calm"], ["90%", "--wait"]]);

async function press(action, value = "") {
  const answer = await fetch(action, { method: "POST", body: String(value) });
  const { problem } = answer.ok || answer.status === 409 ? await answer.json() : { problem: "the run is over" };
  $("problem").textContent = problem;
  $("problem").hidden = !problem;
}

let state = null;
$("pause").addEventListener("click", () => press(state.paused ? "resume" : "pause"));
$("stop").addEventListener("click", () => press("stop"));
$("fewer").addEventListener("click", () => press("workers", Math.max(1, state.workers - 1)));
$("more").addEventListener("click", () => press("workers", state.workers + 1));

function showHead(over) {
  const word = state.paused && !over ? "paused" : state.status;
  document.title = `${state.name || "threadwork"}: ${word}`;
  $("name").textContent = state.name || "threadwork";
  $("status").textContent = word;
  $("status").className = `pill ${word.split(" ")[0]}`;
  const { counts } = state;
  const finished = counts.done + counts.failed + counts.timed_out;
  const rate = state.elapsed ? (finished - counts.from_journal) / state.elapsed : 0;
  const left = state.total ? state.total - finished : 0;
  const eta = !over && rate && left > 0 ? `, about ${duration(left / rate)} left` : "";
  $("sub").textContent = `${duration(state.elapsed)}${eta}`;
  $("progress").hidden = !state.total;
  if (state.total) $("progress").firstElementChild.style.width = `${Math.min(100, (100 * finished) / state.total)}%`;
  $("buttons").hidden = !state.steerable;
  for (const id of ["pause", "stop", "fewer", "more"]) $(id).disabled = over;
  $("pause").textContent = state.paused ? "Resume" : "Pause";
  $("workers").textContent = state.workers;
  return rate;
}

function showTiles(rate) {
  const { counts, quantiles: [median, most, nearly] } = state;
  const tiles = [
    ["good", number(counts.done), state.total ? `done of ${number(state.total)}` : "done"],
    ["bad", counts.failed && number(counts.failed), "failed"],
    ["bad", counts.timed_out && number(counts.timed_out), "timed out"],
    ["wait", counts.cancelled && number(counts.cancelled), "cancelled"],
    ["wait", counts.retried && number(counts.retried), "tried again"],
    ["wait", counts.throttled && number(counts.throttled), "kept by a limit"],
    ["", counts.from_journal && number(counts.from_journal), "from the journal"],
    ["", number(state.running), "running"],
    ["", `${Number(rate.toPrecision(3)).toLocaleString("en-US")}/s`, "mean throughput"],
    ["", median && duration(median), "median duration"],
    ["", most && duration(most), "90% within"],
    ["", nearly && duration(nearly), "99% within"],
  ];
  $("tiles").replaceChildren(...tiles.filter(([, value]) => value).map(([kind, value, told]) => {
    const tile = make("div", `tile ${kind}`);
    tile.append(make("b", "", value), make("span", "", told));
    return tile;
  }));
}

function showLanes() {
  const order = new Intl.Collator("en", { numeric: true });
  const lanes = state.lanes.sort((one, other) => order.compare(one.name, other.name));
  $("threads-note").textContent = `${lanes.filter((lane) => lane.item !== null).length} of ${lanes.length} at work`;
  $("lanes").replaceChildren(...lanes.map((lane) => {
    const late = lane.item !== null && state.quantiles[2] && lane.seconds > 3 * state.quantiles[2] && lane.seconds > 1;
    const row = make("div", `lane ${lane.item === null ? "" : late ? "busy late" : "busy"}`);
    const again = lane.attempt > 1 ? ` (attempt ${lane.attempt})` : "";
    const note = `${Math.round(100 * lane.busy)}% busy, ${number(lane.attempts)} attempt${lane.attempts === 1 ? "" : "s"}`;
    row.append(
      make("span", "name", lane.name), make("span", "item", lane.item === null ? "idle" : lane.item + again),
      make("span", "for", lane.item === null ? "" : duration(lane.seconds)), make("span", "note", note),
    );
    return row;
  }));
}

function showFailures() {
  if (!state.failures.length) return;
  const open = new Set([...document.querySelectorAll("#failures details[open]")].map((each) => each.dataset.kind));
  $("failures-note").textContent = "by kind, the most frequent first";
  $("failures").replaceChildren(...state.failures.map((failure) => {
    const row = make("div", "failure");
    const details = make("details");
    details.dataset.kind = failure.kind + failure.shape;
    details.open = open.has(details.dataset.kind);
    details.append(make("summary", "", `item ${failure.index}: ${failure.item}`), make("pre", "", failure.traceback));
    row.append(make("b", "", number(failure.count)), make("b", "", failure.kind), make("span", "", ` ${failure.shape}`), details);
    return row;
  }));
}

function show(over) {
  const rate = showHead(over);
  showTiles(rate);
  showLanes();
  showFailures();
  const column = (name, factor = 1) => state.samples.map((sample) => sample[name] * factor);
  throughput.setData([column("at"), column("done"), column("failed")]);
  latency.setData([column("at"), column("median", 1000), column("most", 1000)]);
}

const events = new EventSource("events");
events.onmessage = (event) => {
  state = JSON.parse(event.data);
  const over = state.closed || !["pending", "running"].includes(state.status);
  show(over);
  if (state.closed) events.close();
};
events.onerror = () => {
  $("status").textContent = "not there any more";
  $("status").className = "pill lost";
  for (const button of document.querySelectorAll("button")) button.disabled = true;
};
