import type { ServerResponse } from 'node:http';
import type { Job } from './work-queue.ts';

export interface WorkRequest {
  readonly demandCpuMs: number;
  /** The most that one request may ask for. */
  readonly maxDemandCpuMs: number;
  readonly response: ServerResponse;
  readonly answer: (response: ServerResponse, status: number) => void;
}

/** Answers 200 when the CPU was burnt in its turn, 400 at once for a demand that is none; drops it when its client has gone. */
export function queueWork(queue: { add(job: Job): void }, request: WorkRequest): void {
  const { demandCpuMs, maxDemandCpuMs, response, answer } = request;
  if (!(demandCpuMs >= 0 && demandCpuMs <= maxDemandCpuMs)) {
    answer(response, 400);
    return;
  }
  const job = { demandCpuMs, wanted: true, done: () => answer(response, 200) };
  // also when the client has gone before the answer
  response.once('close', () => {
    job.wanted = false;
  });
  queue.add(job);
}
