import { type HttpServer, httpServer } from './http-server.ts';

/**
 * A server of one worker: it answers one request after the other, each after the time that it asks for (`/?ms=12.5`) over the
 * server's speed. It waits and burns nothing, so that its times are nearly right on a busy machine, too. Header `x-own-ms`: how
 * long the request is meant to be here.
 */
export function workerServer(speed: number): Promise<HttpServer> {
  let freeAtMs = 0;
  return httpServer(({ url = '/' }, response) => {
    const wantedMs = Number(new URL(url, 'http://server').searchParams.get('ms'));
    const nowMs = performance.now();
    // from when the one before was to end: a late timer does not make the next ones late
    freeAtMs = Math.max(nowMs, freeAtMs) + wantedMs / speed;
    response.setHeader('x-own-ms', (freeAtMs - nowMs).toFixed(3));
    setTimeout(() => response.end(), Math.round(freeAtMs - nowMs));
  });
}
