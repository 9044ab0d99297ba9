import { NUMBER_STEP_MAX } from "./live-state.ts"

/** True for ids that go up from the highest that there was, each by no more than a step: a leap would leave nobody else any. */
export function areFresh(joined: readonly number[], highestMemberId: number): boolean {
  return joined.every((memberId, at) => {
    const before = at === 0 ? highestMemberId : joined[at - 1]!
    return memberId > before && memberId <= before + NUMBER_STEP_MAX
  })
}
