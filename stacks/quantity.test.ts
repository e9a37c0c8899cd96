import { expect, test } from "vitest";
import { amount, bytesText, coresText } from "./quantity";

test.each([
  ["250m", 0.25],
  ["2", 2],
  ["1.5", 1.5],
  ["1Gi", 2 ** 30],
  ["500M", 5e8],
  ["1k", 1000],
  ["", undefined],
  ["1GB", undefined],
])("amount of %j is %s", (text, value) => {
  expect(amount(text)).toBe(value);
});

test("sizes read as people write them", () => {
  expect([0, 1023, 2 ** 20, 1.5 * 2 ** 30, 100 * 2 ** 30].map(bytesText)).toEqual(["0 B", "1023 B", "1 MiB", "1.5 GiB", "100 GiB"]);
  expect([0.25, 3, 1.23456].map(coresText)).toEqual(["0.25", "3", "1.23"]);
});
