/**
 * Mean number of requests that a server of these cores has, for each core that is busy, if CPU is all that they wait for. It
 * is the stretch of a response: 1 is no waiting. M/M/c by H. Sakasegawa, "An approximation formula L_q = alpha rho^beta
 * / (1 - rho)", 1977. `utilisation` is 0 to below 1.
 */
export function stretch(utilisation: number, cores: number): number {
  return 1 + utilisation ** (Math.sqrt(2 * (cores + 1)) - 1) / (cores * (1 - utilisation));
}

/**
 * How many requests pass, about, until a queue is another one: its mean over n requests has the relative variance
 * 2 x this / n. Relaxation time of M/M/1, 1 / (mu (1 - sqrt(rho))^2), in arrivals. `utilisation` is 0 to below 1.
 */
export function relaxation(utilisation: number): number {
  return utilisation / (1 - Math.sqrt(utilisation)) ** 2;
}
