// Requests in work: a few at a time, each of which can be cancelled, with what is known of their progress.

import { getJson, pause, sendForm } from "./api.js";

// The server works on one picture a worker: a second request uploads meanwhile, more would only fill its queue.
const PARALLEL = 2;
const POLL_MILLISECONDS = 700;

/** Running jobs, by photo. Seconds a megabyte took lately, to say how long one takes where the server cannot. */
export const running = new Map();
let waiting = [];

/**
 * Run all jobs, each {photo, path, form}, and report as they go on.
 *
 * @param on {start, progress, done, failed, cancelled, end}: functions of a job; progress also gets {step, share, ahead}.
 */
export async function runJobs(jobs, on) {
  waiting = jobs.map((job) => Object.assign(job, { control: new AbortController() }));
  for (const job of waiting) running.set(job.photo, job);
  const worker = async () => {
    while (waiting.length) await runOne(waiting.shift(), on);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  on.end();
}

async function runOne(job, on) {
  const { signal } = job.control, id = requestId();
  const started = performance.now();
  let over = false, result;
  try {
    on.start(job);
    result = await sendForm(job.path, job.form(), {
      signal, id,
      onSent: (share) => {
        on.progress(job, { step: "sending", share });
        if (share === 1) watch(job, id, on, () => over || signal.aborted);
      },
    });
  } catch (error) {
    return (error.name === "AbortError" ? on.cancelled : on.failed)(job, error);
  } finally {
    over = true;
    running.delete(job.photo);
  }
  await on.done(job, { ...result, seconds: (performance.now() - started) / 1000 });
}

/** Ask the server where a request is, until it is over. */
async function watch(job, id, on, isOver) {
  while (!isOver()) {
    const now = await getJson(`/v1/requests/${id}`).catch(() => null);
    if (isOver()) return;
    if (now && now.state !== "unknown") on.progress(job, { step: now.state, ahead: now.ahead, share: now.share });
    await pause(POLL_MILLISECONDS);
  }
}

function requestId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `page-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Give up a photo's job; the server stops working on it. */
export function cancelJob(photo, on) {
  const job = running.get(photo);
  if (!job) return;
  job.control.abort();
  if (waiting.includes(job)) {
    waiting = waiting.filter((each) => each !== job);
    running.delete(photo);
    on.cancelled(job);
  }
}

export function cancelAll(on) {
  for (const photo of [...running.keys()].reverse()) cancelJob(photo, on);
}
