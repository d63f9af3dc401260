// Tests of the stack in containers: they need Docker Engine and build the image, so they are not part of `npm test`. Run
// them with `npm run test:containers`.
export default {
  extensions: ['ts'],
  files: ['test/system/containers/**/*.test.ts'],
  timeout: '12m', // the first build of the image, on a slow line, is part of a test
  // two cores can carry so much
  concurrency: 2,
};
