import { expect, it } from "vitest";
import { calendarOf } from "./calendar";

it.each([
  ["0 */6 * * *", ["*-*-* 00,06,12,18:00:00"]],
  ["* * * * *", ["*-*-* *:*:00"]],
  ["30 3 1,15 * *", ["*-*-01,15 03:30:00"]],
  ["5 4 * * 1-5", ["Mon,Tue,Wed,Thu,Fri *-*-* 04:05:00"]],
  ["0 0 * 2-11/3 7", ["Sun *-02,05,08,11-* 00:00:00"]],
  ["0 0 13 * 5", ["*-*-13 00:00:00", "Fri *-*-* 00:00:00"]],
  ["50/5 1 * * 0,7", ["Sun *-*-* 01:50,55:00"]],
])("%s as systemd has it", (schedule, lines) => expect(calendarOf(schedule)).toEqual(lines));

it.each(["daily", "0 3 * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "9-3 * * * *", "a * * * *", "@daily x x x x"])(
  "%s is no schedule",
  (schedule) => expect(calendarOf(schedule)).toBeUndefined(),
);
