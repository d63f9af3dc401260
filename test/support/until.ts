export { until } from '../../testbed/rig/wait.ts';
