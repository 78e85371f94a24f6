import { Session } from './session.ts';
import type { Target } from './target.ts';

interface IdleSession {
  readonly session: Session;
  readonly timer: NodeJS.Timeout;
}

/**
 * Connections to Postgres, kept a while for requests with the same connection string. Beyond the limit,
 * requests wait in line.
 */
export class SessionPool {
  readonly #limit: number;
  readonly #idleMilliseconds: number;
  readonly #open = new Set<Session>();
  /** Oldest first. */
  #idle: IdleSession[] = [];
  #connecting = 0;
  #waiting: (() => void)[] = [];
  #closed = false;

  constructor(limit: number, idleMilliseconds: number) {
    this.#limit = limit;
    this.#idleMilliseconds = idleMilliseconds;
  }

  /** @throws the signal's reason when the request is given up while it waits; see also `Session.open` */
  async take(target: Target, signal: AbortSignal): Promise<Session> {
    for (;;) {
      if (signal.aborted) {
        // A place may just have been handed to this request: pass it on.
        this.#wakeNext();
        signal.throwIfAborted();
      }
      const known = this.#takeIdle((idle) => idle.session.target.key === target.key && !idle.session.ended);
      if (known) return known;
      if (this.#open.size + this.#connecting < this.#limit) return await this.#connect(target);
      const other = this.#takeIdle(() => true);
      if (other) this.drop(other);
      else await this.#waitInLine(signal);
    }
  }

  /** Takes a session back, clean: nothing of a request is left when this resolves. */
  async giveBack(session: Session): Promise<void> {
    try {
      await session.reset();
    } catch {
      this.drop(session);
      return;
    }
    if (this.#closed || session.ended) {
      this.drop(session);
      return;
    }
    const timer = setTimeout(() => this.drop(session), this.#idleMilliseconds).unref();
    this.#idle.push({ session, timer });
    this.#wakeNext();
  }

  /** Closes a session instead of keeping it. */
  drop(session: Session): void {
    session.close();
    this.#forget(session);
  }

  close(): void {
    this.#closed = true;
    for (const session of this.#open) this.drop(session);
  }

  async #connect(target: Target): Promise<Session> {
    this.#connecting += 1;
    try {
      const session = await Session.open(target);
      this.#open.add(session);
      session.onEnd(() => this.#forget(session));
      return session;
    } catch (error) {
      // After this round: the place only becomes free in `finally`.
      queueMicrotask(() => this.#wakeNext());
      throw error;
    } finally {
      this.#connecting -= 1;
    }
  }

  /** Removes and gives the idle session used last that fits. */
  #takeIdle(fits: (idle: IdleSession) => boolean): Session | undefined {
    const found = this.#idle.findLast(fits);
    if (!found) return undefined;
    clearTimeout(found.timer);
    this.#idle = this.#idle.filter((idle) => idle !== found);
    return found.session;
  }

  #forget(session: Session): void {
    if (!this.#open.delete(session)) return;
    this.#takeIdle((idle) => idle.session === session);
    this.#wakeNext();
  }

  #waitInLine(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((waiter) => waiter !== enter);
        resolve();
      };
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(enter);
    });
  }

  #wakeNext(): void {
    this.#waiting.shift()?.();
  }
}
