import { existsSync, writeFileSync } from "node:fs"
import { capsuleOf, encodeCapsule } from "@qpc/sdk"
import type { Diagnosis } from "@qpc/sdk"
import { SCHEMA_VERSION } from "@qpc/sdk/node"
import { existsAlready, namedFile } from "./named-file.ts"
import { version } from "./version.ts"

/** For the eyes of this user alone, until they decide otherwise. */
const OWNER_ONLY = 0o600

/** Looks before anything is done whether the file could be written: after a repair there would be nothing to see. @throws UsageError */
export function assertNoFile(file: string | undefined): void {
  if (file !== undefined && existsSync(file)) throw existsAlready(file)
}

/** Writes down what the doctor saw, for somebody else to replay. @throws UsageError if the file is there, or cannot be made */
export function writeCapsule(file: string, diagnosis: Diagnosis): void {
  const text = encodeCapsule(capsuleOf(diagnosis, { program: version(), schema: SCHEMA_VERSION }))
  namedFile(file, () => writeFileSync(file, text, { flag: "wx", mode: OWNER_ONLY }))
}

/** What the person should know about the file. */
export const capsuleNote = (file: string): string =>
  `Wrote ${file}. It holds states and rough numbers, no names, texts, keys, ids, addresses or times. Read it before you send it to anybody.`
