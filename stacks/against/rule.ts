import type { CheckedStack } from "../check";
import type { Finding, Rule } from "../rules/rule";

/** A stack before and after a change. */
export interface ChangeFacts {
  before: CheckedStack;
  after: CheckedStack;
}

/** A rule about a change: what cannot be taken back, or not in one step. */
export interface ChangeRule extends Pick<Rule, "id" | "severity" | "reason" | "cure"> {
  find(facts: ChangeFacts): Finding[];
}
