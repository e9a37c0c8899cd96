import type { AccessNeed } from "./access";

interface Words {
  /** What it is about. */
  noun: string;
  /** What may be done with it. */
  may: string;
  things: readonly string[];
  /** Where the things are, if not everywhere the same. */
  place?: string;
}

function wordsOf(need: AccessNeed): Words {
  switch (need.kind) {
    case "bucket":
      return {
        noun: "bucket",
        may: `${need.write ? ("look" in need && need.look ? ", read, write and look at" : ", read and write") : ", read"}${"key" in need ? ", with its key" : ""}`,
        things: [need.bucket],
      };
    case "dns01":
      return { noun: "proofs by DNS in zone", may: "", things: need.zones, ...inProject(need) };
    case "dnsRecords":
      return { noun: "all records of DNS zone", may: "", things: need.zones, ...inProject(need) };
    case "secrets":
      return { noun: "secret", may: ", read", things: need.names, ...inProject(need) };
    case "nodeGroups":
      return { noun: "node groups of the cluster", may: ", scale", things: [] };
    case "role":
      return { noun: "role", may: ", become", things: [need.arn] };
  }
}

function inProject(need: AccessNeed): { place?: string } {
  if ("project" in need) return { place: ` of project ${need.project}` };
  return "region" in need ? { place: ` in ${need.region}` } : {};
}

/** What kind of right it is, e.g. `bucket, read and write`. */
export function needTitle(need: AccessNeed): string {
  const { noun, may } = wordsOf(need);
  return noun + may;
}

/** The right with what it is over, e.g. `bucket acme-logs, read and write`. */
export function needText(need: AccessNeed): string {
  const { noun, may, things, place = "" } = wordsOf(need);
  const named = things.length > 0 ? `${noun}${things.length > 1 ? "s" : ""} ${things.join(", ")}` : noun;
  return named + place + may;
}
