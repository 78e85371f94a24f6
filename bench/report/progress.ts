/** Where progress is shown: standard error, as a rule. */
interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** The one line that tells how far a run is. */
export interface ProgressLine {
  /** So many cases are done, and this runs now. */
  tell(done: number, what: string): void;
  /** Nothing more is told; a terminal's line is cleared. */
  end(): void;
}

const clearLine = '\r\u001b[2K';

/** In a terminal the line is written over each second; elsewhere (a file, CI) each thing told is a line of its own. */
export function openProgress(terminal: Terminal, cases: number): ProgressLine {
  const started = performance.now();
  let told = { done: 0, what: 'preparing' };
  const line = () => {
    const elapsed = minutesAndSeconds((performance.now() - started) / 1000);
    return `${elapsed}  ${told.done} of ${cases} cases done  ${told.what}`;
  };
  if (terminal.isTTY !== true) {
    return {
      tell: (done, what) => {
        told = { done, what };
        terminal.write(`${line()}\n`);
      },
      end: () => undefined,
    };
  }
  // A terminal that does not tell its width says 0. The last column stays free: some go on to the next line there.
  const columns = () => (terminal.columns === undefined || terminal.columns < 2 ? 80 : terminal.columns);
  const draw = () => terminal.write(`${clearLine}${line().slice(0, columns() - 1)}`);
  const timer = setInterval(draw, 1000);
  return {
    tell: (done, what) => {
      told = { done, what };
      draw();
    },
    end: () => {
      clearInterval(timer);
      terminal.write(clearLine);
    },
  };
}

export function minutesAndSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
