/** A Worker holds six connections open at a time. */
const connections = 6;

/** Does a work for each of some things, a few at a time; `work` deals with its own failures. */
export async function inLanes<T>(
  things: readonly T[],
  work: (thing: T) => Promise<void>,
  lanes = connections,
): Promise<void> {
  const waiting = [...things];
  const lane = async (): Promise<void> => {
    for (let thing = waiting.shift(); thing !== undefined; thing = waiting.shift()) await work(thing);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
