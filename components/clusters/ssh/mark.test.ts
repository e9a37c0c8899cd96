import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeHost, shells, type Ran } from "../../../tests/shell";

/** kubectl of a node that it keeps as files; `label` says whether anything changed, as the real one does. */
const kubectl = `shift 3
case "$*" in
  *"get node"*"-o name"*) cat "$FACTS/name" ;;
  *"get node"*annotations*labels*) cat "$FACTS/labels" 2>/dev/null ;;
  *"get node"*annotations*taints*) cat "$FACTS/taints" 2>/dev/null ;;
  *"get node"*spec.taints*) cat "$FACTS/now" 2>/dev/null ;;
  "label "*) echo "$*" >>"$FACTS/calls"; [ -e "$FACTS/same" ] && echo "node/a1 not labeled" || echo "node/a1 labeled" ;;
  "taint "*) echo "$*" >>"$FACTS/calls" ;;
  "annotate "*) for word; do case $word in bearstack.dev/labels=*) printf %s "\${word#*=}" >"$FACTS/labels" ;; bearstack.dev/taints=*) printf %s "\${word#*=}" >"$FACTS/taints" ;; esac; done ;;
esac
exit 0`;

describe.each(shells)("labels and taints under $shell", ({ shell, missing }) => {
  let host: FakeHost;
  beforeEach(() => {
    host = new FakeHost(shell, {});
    host.program("usr/local/bin/k3s", kubectl);
    host.write("facts/name", "node/a1\n");
  });
  afterEach(() => host.close());

  const mark = (LABELS = "", TAINTS = ""): Ran => host.run(["k3s/scripts/lib.sh", "ssh/scripts/mark.sh"], { NODE: "a1", LABELS, TAINTS });
  const calls = (): string[] => (host.has("facts/calls") ? host.read("facts/calls").trim().split("\n") : []);

  describe.skipIf(missing)("of a node", () => {
    it("are remembered when it joined with them, which is no change", () => {
      host.write("facts/same", "");
      host.write("facts/now", "gpu=yes:NoSchedule ");
      expect(mark("tier=web", "gpu=yes:NoSchedule")).toMatchObject({ code: 0, stdout: "" });
      expect(calls()).toEqual(["label node a1 --overwrite tier=web"]);
      expect(host.changes()).toEqual([]);
      expect(mark("tier=web", "gpu=yes:NoSchedule")).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(calls()).toHaveLength(1);
    });

    it("follow the config: new ones come, ours that are gone go, those of others stay", () => {
      host.write("facts/labels", "tier=web zone=a");
      host.write("facts/taints", "gpu=yes:NoSchedule old:NoExecute");
      host.write("facts/now", "gpu=yes:NoSchedule old=:NoExecute theirs=:NoSchedule ");
      mark("zone=b", "gpu=no:NoSchedule new:NoSchedule");
      expect(calls()).toEqual(["label node a1 --overwrite zone=b tier-", "taint node a1 --overwrite gpu=no:NoSchedule new:NoSchedule old:NoExecute-"]);
      expect(host.changes()).toEqual(["mark labelled a1: zone=b tier-", "mark tainted a1: gpu=no:NoSchedule new:NoSchedule old:NoExecute-"]);
      mark();
      expect(calls().slice(2)).toEqual(["label node a1 --overwrite zone-", "taint node a1 --overwrite gpu:NoSchedule-"]);
    });

    it("ask nothing of a node without any", () => {
      expect(mark()).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(calls()).toEqual([]);
    });
  });
});
