/** Today, for what depends on it. BEAR_NOW is another day: tests stay as they are, and one can see what will be out of support next spring. */
export function today(): Date {
  const given = process.env.BEAR_NOW;
  const date = given ? new Date(given) : new Date();
  return Number.isNaN(date.getTime()) ? new Date() : date;
}
