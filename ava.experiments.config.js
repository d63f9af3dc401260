// Experiments on real servers: they use the processors up, so not beside other tests. Run them with `npm run test:experiments`.
export default {
  extensions: ['ts'],
  files: ['test/lab/evaluation/live/**/*.test.ts'],
  timeout: '4m',
  concurrency: 1,
};
