import { describe, expect, it } from "vitest"
import type { SignatureCheck } from "../cipher-suite.ts"
import { BATCH_CHECKS, VerifyJob } from "./verify-job.ts"

/** Three batches of checks that can be told apart; the last batch is not full. */
const checks = Array.from({ length: 2 * BATCH_CHECKS + 5 }, (_, at): SignatureCheck => {
  return { publicKey: Uint8Array.of(at), message: new Uint8Array(at).fill(at), signature: Uint8Array.of(at, at) }
})
const everythingIsValid = (): boolean => true
function dying(check: SignatureCheck): boolean {
  if (check.publicKey[0] === BATCH_CHECKS + 3) throw new Error("died")
  return true
}
const resultsOf = (job: VerifyJob): boolean[] => [0, 1, 2].map((batch) => job.isValid(batch))

describe("a job of signature checks", () => {
  it("gives each check to one thread, as it was", () => {
    const job = VerifyJob.of(checks)
    const seen: SignatureCheck[] = []
    const note = (check: SignatureCheck): boolean => seen.push(check) > 0
    job.work(note)
    new VerifyJob(job.memory).work(note)
    expect(seen).toEqual(checks)
    expect(resultsOf(job)).toEqual([true, true, true])
  })

  it("vouches for no batch that nobody took", () => {
    expect(resultsOf(VerifyJob.of(checks))).toEqual([false, false, false])
  })

  it("vouches for no batch whose thread died in the middle, and does not wait for it for long", () => {
    const job = VerifyJob.of(checks)
    expect(() => new VerifyJob(job.memory).work(dying)).toThrow("died")
    job.work(everythingIsValid)
    job.wait(1)
    expect(resultsOf(job)).toEqual([true, false, true])
  })

  it("vouches for no batch with a check that fails, and not less for the others", () => {
    const job = VerifyJob.of(checks)
    job.work(({ publicKey }) => publicKey[0] !== checks.length - 1)
    job.wait(60_000)
    expect(resultsOf(job)).toEqual([true, true, false])
  })
})
