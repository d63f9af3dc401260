// The floating address, in network namespaces with keepalived: needs root, so not part of `npm test`. Run it with `npm run test:ha`.
export default {
  extensions: ['ts'],
  files: ['test/system/ha/**/*.test.ts'],
  timeout: '3m',
  concurrency: 1,
};
