/** Fields of a schedule as cron has them, with the numbers each may hold and where its steps begin. */
const fields = [
  { name: "minute", low: 0, high: 59 },
  { name: "hour", low: 0, high: 23 },
  { name: "day", low: 1, high: 31 },
  { name: "month", low: 1, high: 12 },
  { name: "weekday", low: 0, high: 7 },
] as const;

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

/** The numbers of one field; undefined when it is not as cron writes it. */
function numbersOf(text: string, { low, high }: (typeof fields)[number]): number[] | undefined {
  const numbers = new Set<number>();
  for (const part of text.split(",")) {
    const [, range, from, to, step] = /^(\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part) ?? [];
    if (range === undefined) return undefined;
    const first = range === "*" ? low : Number(from);
    const last = range === "*" || (step !== undefined && to === undefined) ? high : Number(to ?? from);
    const by = Number(step ?? 1);
    if (first < low || last > high || first > last || by < 1) return undefined;
    for (let value = first; value <= last; value += by) numbers.add(value);
  }
  return [...numbers].sort((a, b) => a - b);
}

/**
 * A schedule in cron's form as systemd's OnCalendar= reads it. Where cron has both a day and a weekday, either is enough, so
 * there are two lines. Undefined when it is no schedule.
 */
export function calendarOf(schedule: string): string[] | undefined {
  const texts = schedule.trim().split(/ +/);
  if (texts.length !== fields.length) return undefined;
  const parsed = fields.map((field, index) => numbersOf(texts[index]!, field));
  if (parsed.some((numbers) => numbers === undefined)) return undefined;
  const [minutes, hours, days, months, weekday] = parsed.map((numbers, index) =>
    texts[index] === "*"
      ? "*"
      : index === 4
        ? [...new Set(numbers!.map((one) => weekdays[one]!))].join(",")
        : numbers!.map((one) => String(one).padStart(2, "0")).join(","),
  );
  const at = (day: string, names: string): string => `${names === "*" ? "" : `${names} `}*-${months}-${day} ${hours}:${minutes}:00`;
  return days !== "*" && weekday !== "*" ? [at(days!, "*"), at("*", weekday!)] : [at(days!, weekday!)];
}
