// The suites. `npm test` runs `main`. Each of the others has a script (such as `npm run test:faults`) that sets SUITE.
const suites = {
  // Needs only this machine and HAProxy; takes a few minutes.
  main: { files: ['test/**/*.test.ts'], timeout: '2m', concurrency: 2 },
  // Faults under load. These tests mostly wait for ticks.
  faults: { files: ['test/system/faults/**/*.test.ts'], timeout: '3m', concurrency: 3 },
  // Whole systems that take long: fleets as they are in the field, the units in a real systemd, JMeter, overload.
  systems: {
    files: [
      'test/system/field/*.test.ts',
      'test/system/jmeter/*.test.ts',
      'test/system/systemd/*.test.ts',
      'test/system/loop/{backup,capacity,ejection,overload,peers}.test.ts',
      'test/system/pitfalls/{joining,timeouts}.test.ts',
      'test/system/security/confined-agents.test.ts',
    ],
    timeout: '3m',
    concurrency: 2,
  },
  // Floods of agents and status API. They use the whole machine, so nothing else may run.
  floods: { files: ['test/system/security/floods.test.ts'], timeout: '2m', concurrency: 1 },
  // The image and the stack in containers. Needs Docker Engine. The timeout includes the first build.
  containers: { files: ['test/system/containers/**/*.test.ts'], timeout: '12m', concurrency: 2 },
  // The floating address, in network namespaces with keepalived. Needs root.
  ha: { files: ['test/system/ha/**/*.test.ts'], timeout: '3m', concurrency: 1 },
  // The evaluation on real servers, and the simulator beside a real HAProxy. Nothing else may run.
  experiments: {
    files: ['test/lab/evaluation/live/**/*.test.ts', 'test/testbed/simulator/live/*.test.ts'],
    timeout: '4m',
    concurrency: 1,
  },
  // Tests that depend on HAProxy's version. HAPROXY names the program.
  haproxy: {
    files: [
      'test/haproxy/*.test.ts',
      'test/system/pitfalls/*.test.ts',
      'test/system/field/*.test.ts',
      'test/system/loop/haproxy-changes.test.ts',
      'test/system/loop/leaving.test.ts',
      'test/controller/loop/{loop,repeated}.test.ts',
      'test/testbed/rig/haproxy-process.test.ts',
    ],
    timeout: '2m',
    concurrency: 2,
  },
};

const apart = ['faults', 'systems', 'containers', 'ha', 'experiments', 'floods'];
const name = process.env.SUITE ?? 'main';
const suite = suites[name];
if (suite === undefined) {
  process.stderr.write(`SUITE=${name}: unknown suite; expected one of ${Object.keys(suites).join(', ')}\n`);
  process.exit(2);
}
const others = name === 'main' ? apart.flatMap((each) => suites[each].files.map((files) => `!${files}`)) : [];

// One process for each file, not one thread: every thread compiles Node's type stripping anew, which is WebAssembly, and
// V8 can crash when it frees that code (`Check failed: jit_page_->allocations_.erase(addr) == 1`), which ends every file.
export default { extensions: ['ts'], workerThreads: false, ...suite, files: [...suite.files, ...others] };
