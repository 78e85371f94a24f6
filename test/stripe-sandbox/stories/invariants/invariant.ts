import type { World } from '../world.ts';

/** Says what is wrong in a world; nothing, when all is as it must be. */
export type Invariant = (world: World) => Iterable<string>;

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
