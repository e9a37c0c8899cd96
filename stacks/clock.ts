import { UserError } from "../components/core/errors";

/** Today, for what depends on it. BEAR_NOW is another day: tests stay as they are, and one can see what will be out of support next spring. */
export function today(): Date {
  const given = process.env.BEAR_NOW;
  const date = given ? new Date(given) : new Date();
  if (Number.isNaN(date.getTime())) throw new UserError(`BEAR_NOW (seen: "${given}") is no day.`, "Write it like 2027-03-01, or unset it.");
  return date;
}
