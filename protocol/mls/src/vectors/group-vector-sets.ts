import type { CipherSuite } from "@qpc/crypto"
import type { VectorFiles, VectorSet } from "@qpc/wire/vectors"
import { checkDeserialization } from "./deserialization.ts"
import { checkKeySchedule } from "./key-schedule.ts"
import { checkMessageProtection } from "./message-protection.ts"
import { checkMessages } from "./messages.ts"
import { checkPassiveClient } from "./passive-client.ts"
import { checkPskSecret } from "./psk-secret.ts"
import { checkSecretTree } from "./secret-tree.ts"
import { checkTranscriptHashes } from "./transcript-hashes.ts"
import { mlsVectorSet } from "./vector-set.ts"
import { checkWelcome } from "./welcome.ts"

/**
 * The sets of the MLS working group about messages, the key schedule and whole groups.
 *
 * @param files - With the folder `mls-wg`.
 * @param suites - Cases of other suites are skipped and counted.
 */
export function groupVectorSets(files: VectorFiles, suites: readonly CipherSuite[]): VectorSet[] {
  return [
    mlsVectorSet(files, { file: "deserialization", caseCount: 14, check: checkDeserialization }, suites),
    mlsVectorSet(files, { file: "messages", caseCount: 300, check: checkMessages }, suites),
    mlsVectorSet(files, { file: "key-schedule", caseCount: 7, check: checkKeySchedule }, suites),
    mlsVectorSet(files, { file: "psk_secret", caseCount: 77, check: checkPskSecret }, suites),
    mlsVectorSet(files, { file: "secret-tree", caseCount: 21, check: checkSecretTree }, suites),
    mlsVectorSet(files, { file: "transcript-hashes", caseCount: 7, check: checkTranscriptHashes }, suites),
    mlsVectorSet(files, { file: "message-protection", caseCount: 7, check: checkMessageProtection }, suites),
    mlsVectorSet(files, { file: "welcome", caseCount: 7, check: checkWelcome }, suites),
    mlsVectorSet(files, { file: "passive-client-welcome", caseCount: 56, check: checkPassiveClient }, suites),
    mlsVectorSet(files, { file: "passive-client-handling-commit", caseCount: 91, check: checkPassiveClient }, suites),
    mlsVectorSet(files, { file: "passive-client-random", caseCount: 1, check: checkPassiveClient }, suites),
  ]
}
