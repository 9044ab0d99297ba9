import { describe, expect, it } from "vitest"
import { RecordLog } from "./record-log.ts"
import type { StateChanges } from "./record-log.ts"

/** A state of a few records, and what a store has of it. */
class Subject {
  readonly state = new Map<string, Uint8Array>()
  readonly disk = new Map<string, Uint8Array>()
  watched: number | undefined
  readonly log = new RecordLog({
    hash: sum,
    watched: () => (this.watched === undefined ? [] : [{ key: "watched", value: Uint8Array.of(this.watched) }]),
    isChecked: (key) => key !== "free",
    all: () => Array.from(this.state, ([key, value]) => ({ key, value })),
  })

  set(key: string, ...value: readonly number[]): void {
    this.state.set(key, Uint8Array.from(value))
    this.log.mark(key, () => this.state.get(key))
  }

  delete(key: string): void {
    this.state.delete(key)
    this.log.mark(key, () => this.state.get(key))
  }

  store({ isWhole, changes, stored }: StateChanges): void {
    if (isWhole) this.disk.clear()
    for (const { key, value } of changes) {
      if (value === undefined) this.disk.delete(key)
      else this.disk.set(key, value)
    }
    stored()
  }

  /** Stored records as a restart finds them; `undefined` if they do not belong together. */
  restart(): Subject | undefined {
    const next = new Subject()
    const records = Array.from(this.disk, ([key, value]) => ({ key, value }))
    for (const { key, value } of records) {
      next.disk.set(key, value)
      if (key !== "check") next.state.set(key, value)
    }
    return next.log.follow(records) ? next : undefined
  }
}

/** Sixteen bytes that depend on all of the input: a stand-in for a hash. */
function sum(bytes: Uint8Array): Uint8Array {
  const digest = new Uint8Array(16)
  let state = 2_166_136_261
  for (const [at, byte] of [...bytes, ...digest].entries()) {
    state = Math.imul(state ^ byte, 16_777_619)
    digest[at % 16]! ^= state >>> 24
  }
  return digest
}

const keysOf = ({ changes }: StateChanges): string[] => changes.map(({ key }) => key)

function storedSubject(): Subject {
  const subject = new Subject()
  subject.set("a", 1)
  subject.set("b", 2)
  subject.set("free", 3)
  subject.store(subject.log.take())
  return subject
}

describe("a log of records", () => {
  it("owes everything first, then what changed, then nothing", () => {
    const subject = new Subject()
    subject.set("a", 1)
    const first = subject.log.take()
    expect([first.isWhole, keysOf(first)]).toEqual([true, ["a", "check"]])
    subject.store(first)
    subject.set("b", 2)
    subject.set("b", 3)
    const second = subject.log.take()
    expect([second.isWhole, keysOf(second)]).toEqual([false, ["b", "check"]])
    subject.store(second)
    expect(subject.log.take().changes).toEqual([])
  })

  it("owes again what was taken and not stored, as it is by then", () => {
    const subject = storedSubject()
    subject.set("a", 7)
    subject.log.take()
    subject.set("b", 8)
    subject.set("a", 9)
    const again = subject.log.take()
    expect(keysOf(again)).toEqual(["a", "b", "check"])
    subject.store(again)
    expect([subject.disk.get("a"), subject.disk.get("b")]).toEqual([Uint8Array.of(9), Uint8Array.of(8)])
    expect(subject.restart()).toBeDefined()
  })

  it("goes on owing what changed while the disk was busy", () => {
    const subject = storedSubject()
    subject.set("a", 7)
    const taken = subject.log.take()
    subject.set("a", 8)
    subject.store(taken)
    const rest = subject.log.take()
    expect(keysOf(rest)).toEqual(["a", "check"])
    subject.store(rest)
    expect(subject.restart()?.state.get("a")).toEqual(Uint8Array.of(8))
  })

  it("owes the whole again if the whole could not be stored", () => {
    const subject = new Subject()
    subject.set("a", 1)
    subject.log.take()
    subject.set("b", 2)
    const again = subject.log.take()
    expect([again.isWhole, keysOf(again)]).toEqual([true, ["a", "b", "check"]])
  })

  it("tells of a deleted record", () => {
    const subject = storedSubject()
    subject.delete("a")
    const taken = subject.log.take()
    expect(taken.changes[0]).toEqual({ key: "a", value: undefined })
    subject.store(taken)
    expect([...subject.disk.keys()]).toEqual(["b", "free", "check"])
    expect(subject.restart()).toBeDefined()
  })

  it("finds out by itself about a record that it watches", () => {
    const subject = new Subject()
    subject.watched = 1
    subject.store(subject.log.take())
    expect(subject.disk.get("watched")).toEqual(Uint8Array.of(1))
    subject.watched = 2
    subject.log.take()
    const again = subject.log.take()
    expect(keysOf(again)).toEqual(["watched", "check"])
    subject.store(again)
    expect(keysOf(subject.log.take())).toEqual([])
    expect(subject.disk.get("watched")).toEqual(Uint8Array.of(2))
  })

  it("owes nothing when it was made of records, and everything when it is told that nobody knows the store", () => {
    const subject = storedSubject().restart()!
    expect(subject.log.take().changes).toEqual([])
    subject.log.oweAll()
    expect(keysOf(subject.log.take())).toEqual(["a", "b", "free", "check"])
  })

  it("makes the same snapshot as the records that were stored one by one", () => {
    const subject = storedSubject()
    subject.set("b", 5)
    subject.store(subject.log.take())
    const snapshot = new Map(Array.from(subject.log.snapshot(), ({ key, value }) => [key, value]))
    expect(snapshot).toEqual(subject.disk)
  })

  it.each<[string, (disk: Map<string, Uint8Array>) => unknown]>([
    ["lost", (disk) => disk.delete("a")],
    ["damaged", (disk) => disk.set("a", Uint8Array.of(9))],
    ["put in the place of another", (disk) => disk.set("a", disk.get("b")!).set("b", Uint8Array.of(1))],
    ["added", (disk) => disk.set("c", Uint8Array.of(1))],
    ["lost, and it was the check", (disk) => disk.delete("check")],
    ["damaged, and it was the check", (disk) => disk.set("check", new Uint8Array(16))],
  ])("notices that a record was %s", (_, damage) => {
    const subject = storedSubject()
    damage(subject.disk)
    expect(subject.restart()).toBeUndefined()
  })
})
