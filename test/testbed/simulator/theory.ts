/** Erlang's C: the probability that all servers are busy. */
export function erlangC(servers: number, offered: number): number {
  let blocked = 1;
  for (let count = 1; count <= servers; count += 1) blocked = (offered * blocked) / (count + offered * blocked);
  return blocked / (1 - (offered / servers) * (1 - blocked));
}
