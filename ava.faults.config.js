// The fault suite: minutes of breaking things under load, so not part of `npm test`. Run it with `npm run test:faults`.
export default {
  extensions: ['ts'],
  files: ['test/system/faults/**/*.test.ts'],
  timeout: '3m',
  // most of their time they wait for ticks
  concurrency: 3,
};
