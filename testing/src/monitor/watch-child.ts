/**
 * Preloaded into the programs that tests start: `NODE_OPTIONS=--import=…/watch-child.ts?records=<folder>`. Records all
 * their encryptions in a file of that folder; `watch-run.ts` reads them when all tests are done.
 */
import { randomUUID } from "node:crypto"
import { fileURLToPath } from "node:url"
import { join } from "node:path"
import { RecordFile } from "./record-file.ts"
import { watchNobleCiphers } from "./watch-noble.ts"
import { watchNodeCiphers } from "./watch-node.ts"
import type { OnEncryption } from "./watch-node.ts"

const records = new URL(import.meta.url).searchParams.get("records")
if (records !== null) watchInto(fileURLToPath(records))

function watchInto(folder: string): void {
  let file: RecordFile | undefined
  const onEncryption: OnEncryption = (encryption) => {
    file ??= new RecordFile(join(folder, `${process.pid}-${randomUUID()}`))
    file.append(encryption)
  }
  watchNodeCiphers(onEncryption)
  watchNobleCiphers(onEncryption)
}
