// Answers for any number of agents, which real ones would take this machine's memory for:
//   node lab/bench/stand-in-agents.ts PORT SNAPSHOT       answers every request to PORT with this snapshot of an agent, made new
import { createServer } from 'node:http';

const [port = '0', snapshot = '{}'] = process.argv.slice(2);
const known = JSON.parse(snapshot) as object;

const server = createServer((_, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ ...known, takenAtMs: Date.now(), ageMs: 0 }));
});
server.keepAliveTimeout = 0;
server.listen(Number(port), '0.0.0.0');
