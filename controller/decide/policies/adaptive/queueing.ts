/**
 * Mean number of requests that a server of these cores has, for each core that is busy, if CPU is all that they wait for. It
 * is the stretch of a response: 1 is no waiting. M/M/c by H. Sakasegawa, "An approximation formula L_q = alpha rho^beta
 * / (1 - rho)", 1977. `utilisation` is 0 to below 1.
 */
export function stretch(utilisation: number, cores: number): number {
  return 1 + utilisation ** (Math.sqrt(2 * (cores + 1)) - 1) / (cores * (1 - utilisation));
}
