import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

function printedBy(example: string): string[] {
  const path = fileURLToPath(new URL(example, import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--conditions=@qpc/source", path], {
    encoding: "utf8",
  })
  expect([status, stderr]).toEqual([0, ""])
  return stdout.trimEnd().split("\n")
}

it("gtp-chat: everybody reads everybody, once, in every payload format", () => {
  expect(printedBy("gtp-chat.ts")).toEqual([
    "bob is in epoch 1",
    "bob reads from 1: hello Bob (new)",
    "alice is in epoch 1",
    "alice reads from 2: hello Alice (new)",
    "bob is in epoch 2",
    "carol is in epoch 2",
    "alice is in epoch 2",
    "alice reads from 3: hello both (new)",
    "bob reads from 3: hello both (new)",
    "the network repeats a frame",
    "alice drops a frame: replay_detected",
    "bob drops a frame: replay_detected",
    "Carol does not know whether it arrived, and sends the message again",
    "alice reads from 3: hello both (duplicate)",
    "bob reads from 3: hello both (duplicate)",
  ])
})

it("gsp-signals: a moderator mutes, and whoever only claims to be one does not", () => {
  expect(printedBy("gsp-signals.ts")).toEqual([
    "Bob says to be a moderator, and mutes Carol",
    "alice sees MUTE of 3 from 2: refused, not_allowed; 3 is muted: false",
    "carol sees MUTE of 3 from 2: refused, not_allowed; 3 is muted: false",
    "Alice is one, and mutes Carol",
    "bob sees MUTE of 3 from 1: new; 3 is muted: true",
    "carol sees MUTE of 3 from 1: new; 3 is muted: true",
    "Bob takes part",
    "alice sees JOIN from 2: new; 3 is muted: true",
    "carol sees JOIN from 2: new; 3 is muted: true",
  ])
})
