/** Whether a cron trigger fires in this minute (UTC), for the forms that wrangler.toml uses: `*`, a step, a number. */
export function firesAt(cron: string, moment: Date): boolean {
  const [minute = '*', hour = '*'] = cron.split(' ');
  return matches(minute, moment.getUTCMinutes()) && matches(hour, moment.getUTCHours());
}

function matches(field: string, value: number): boolean {
  if (field.startsWith('*')) return value % Number(field.slice(2) || 1) === 0;
  return Number(field) === value;
}
