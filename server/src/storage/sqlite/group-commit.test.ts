import { describe, expect, it } from "vitest"
import { temporaryStore } from "../../testing/temporary-store.ts"
import { openDatabase } from "./database.ts"
import type { SqliteDatabase } from "./engine.ts"
import { GroupCommit } from "./group-commit.ts"
import type { GroupCommitOptions } from "./group-commit.ts"

/** A table of numbers, and a commit that happens when the test says so. */
function table(options: Partial<GroupCommitOptions> = {}) {
  const place = temporaryStore()
  const db: SqliteDatabase = openDatabase(place.options)
  db.exec("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")
  let turn: (() => void) | undefined
  const commits: number[] = []
  const group = new GroupCommit(db, {
    schedule: (run) => (turn = run),
    translate: (error) => error,
    onCommit: (writes) => void commits.push(writes),
    ...options,
  })
  const insert = db.prepare("INSERT INTO numbers (n) VALUES (?)")
  const numbers = db.prepare<[], number>("SELECT n FROM numbers ORDER BY n").pluck()
  return {
    group,
    commits,
    db,
    add: (n: number) => group.write(() => insert.run(n).changes),
    turn: () => turn?.(),
    numbers: () => numbers.all(),
    [Symbol.dispose]: () => {
      db.close()
      place[Symbol.dispose]()
    },
  }
}

describe("group commit", () => {
  it("puts what waits into one transaction and answers after it", async () => {
    using t = table()
    let answered = 0
    const writes = [1, 2, 3].map((n) => t.add(n).then(() => answered++))
    await Promise.resolve()
    expect([answered, t.numbers()]).toEqual([0, []])
    t.turn()
    await Promise.all(writes)
    expect([answered, t.numbers(), t.commits]).toEqual([3, [1, 2, 3], [3]])
  })

  it("lets one write fail without the others", async () => {
    using t = table()
    const settled = Promise.allSettled([t.add(1), t.add(1), t.add(2)])
    t.turn()
    expect((await settled).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"])
    expect(t.numbers()).toEqual([1, 2])
  })

  it("undoes all of a write that fails in the middle", async () => {
    using t = table()
    const half = t.group.write(() => {
      t.db.exec("INSERT INTO numbers (n) VALUES (7)")
      throw new Error("second thoughts")
    })
    const whole = t.add(8)
    t.turn()
    await expect(half).rejects.toThrow("second thoughts")
    await whole
    expect(t.numbers()).toEqual([8])
  })

  it("rejects every write of a transaction that cannot be committed, and goes on with the next", async () => {
    using t = table()
    t.db.exec("CREATE TABLE child (n INTEGER REFERENCES numbers (n) DEFERRABLE INITIALLY DEFERRED)")
    t.db.pragma("foreign_keys = ON")
    const broken = t.group.write(() => t.db.exec("INSERT INTO child (n) VALUES (99)"))
    const innocent = t.add(1)
    t.turn()
    await expect(broken).rejects.toMatchObject({ code: expect.stringContaining("FOREIGNKEY") as string })
    await expect(innocent).rejects.toMatchObject({ code: expect.stringContaining("FOREIGNKEY") as string })
    expect(t.numbers()).toEqual([])
    const next = t.add(2)
    t.turn()
    await next
    expect(t.numbers()).toEqual([2])
  })

  it("splits what exceeds a batch over several transactions, in order", async () => {
    using t = table({ batchLimit: 2 })
    const writes = [1, 2, 3, 4, 5].map((n) => t.add(n))
    for (const _ of [1, 2, 3]) t.turn()
    await Promise.all(writes)
    expect(t.commits).toEqual([2, 2, 1])
  })

  it("refuses a write beyond the queue's limit at once", async () => {
    using t = table({ queueLimit: 2 })
    const waiting = [t.add(1), t.add(2)]
    await expect(t.add(3)).rejects.toMatchObject({ code: "busy", retryable: true })
    t.turn()
    await Promise.all(waiting)
    expect(t.numbers()).toEqual([1, 2])
  })

  it("commits what waits when it is closed, and refuses what comes later", async () => {
    using t = table()
    const waiting = t.add(1)
    t.group.close()
    await waiting
    expect(t.numbers()).toEqual([1])
    await expect(t.add(2)).rejects.toMatchObject({ code: "closed" })
  })
})
