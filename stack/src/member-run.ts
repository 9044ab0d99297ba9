/** The most that a stored state has room for. */
const RUN_MAX = 0xffff_ffff

/**
 * Which run of a member this is: each restored state begins another, one above the run that stored it. Media frames have it in their
 * key id, so no run ever has the keys of another: their counters begin anew and are in no state.
 *
 * That is so only if the next restart begins from what this run has stored. So nothing may be encrypted by a restored run before
 * {@link MemberRun.store}: else a crash would be followed by a second run of the same number.
 */
export class MemberRun {
  /** 0 for a member that was never restored. */
  readonly number: number
  #isStored: boolean

  private constructor(number: number, isStored: boolean) {
    this.number = number
    this.#isStored = isStored
  }

  /** That of a new member. As long as it stores nothing, there is no other. */
  static first(): MemberRun {
    return new MemberRun(0, true)
  }

  /** The run of a state that the run of this number stored. Begins again at 1 after 2^32 − 1: 0 is that of new members. */
  static after(number: number): MemberRun {
    return new MemberRun(number === RUN_MAX ? 1 : number + 1, false)
  }

  /** True if the next run will be another. */
  get isStored(): boolean {
    return this.#isStored
  }

  /** What the state that is being stored has to hold. */
  store(): number {
    this.#isStored = true
    return this.number
  }
}
