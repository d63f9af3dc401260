// The suites. `npm test` runs `main`; the others have a script each (`npm run test:faults`), which names its suite in SUITE.
const suites = {
  // Everything that needs no more than this machine, a HAProxy and some minutes.
  main: { files: ['test/**/*.test.ts'], timeout: '2m', concurrency: 2 },
  // Faults under load. Most of their time these tests wait for ticks.
  faults: { files: ['test/system/faults/**/*.test.ts'], timeout: '3m', concurrency: 3 },
  // The image and the stack in containers: wants Docker Engine. The first build, on a slow line, is part of a test.
  containers: { files: ['test/system/containers/**/*.test.ts'], timeout: '12m', concurrency: 2 },
  // The floating address, in network namespaces with keepalived: wants root.
  ha: { files: ['test/system/ha/**/*.test.ts'], timeout: '3m', concurrency: 1 },
  // The evaluation on real servers: uses the processors up, so nothing runs beside it.
  experiments: { files: ['test/lab/evaluation/live/**/*.test.ts'], timeout: '4m', concurrency: 1 },
  // What depends on HAProxy's version; HAPROXY names the program.
  haproxy: {
    files: [
      'test/haproxy/*.test.ts',
      'test/system/pitfalls/*.test.ts',
      'test/system/loop/haproxy-changes.test.ts',
      'test/system/loop/leaving.test.ts',
      'test/controller/loop/loop.test.ts',
    ],
    timeout: '2m',
    concurrency: 2,
  },
};

const apart = ['faults', 'containers', 'ha', 'experiments'];
const name = process.env.SUITE ?? 'main';
const suite = suites[name];
if (suite === undefined) {
  process.stderr.write(`SUITE=${name}: unknown suite; expected one of ${Object.keys(suites).join(', ')}\n`);
  process.exit(2);
}
const others = name === 'main' ? apart.flatMap((each) => suites[each].files.map((files) => `!${files}`)) : [];

export default { extensions: ['ts'], ...suite, files: [...suite.files, ...others] };
