/** Balancers that large fleets run, from their publications; each has a file of its name. */
export const rivalNames = ['prequal', 'peak-ewma', 'grpc-wrr', 'robinhood'] as const;
export type RivalName = (typeof rivalNames)[number];
