/**
 * `true` where two types are each other's; anything else does not compile. A schema and the interface that documents it are
 * held together by a constant of this type.
 */
export type Same<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : never) : never;
