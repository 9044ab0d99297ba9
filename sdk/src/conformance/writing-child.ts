import { openSqliteStore } from "../node/index.ts"
import { put } from "../store.ts"

/** Run by a test as a process of its own: commits row after row, says after each how many there are, until killed. */
const stretching = { memoryKiB: 64, passes: 1, parallelism: 1 }
const store = await openSqliteStore({ folder: process.argv[2]!, password: "correct", stretching })
for (let i = 0; i < 256; i++) {
  await store.commit([put("messages", Uint8Array.of(i), new Uint8Array(2000))])
  process.stdout.write(`${i + 1}\n`)
}
await new Promise(() => setInterval(() => undefined, 1000))
