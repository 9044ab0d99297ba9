/** A seed that once failed, what it found, and what was changed. It must not fail again. */
interface NamedLiveSeed {
  readonly seed: bigint
  readonly found: string
  readonly change: string
}

/** Found by the simulator of live groups. A change of the simulator itself may turn such a seed into another history: keep a test too. */
export const NAMED_LIVE_SEEDS: readonly NamedLiveSeed[] = [
  {
    seed: 31n,
    found:
      "The word of others, that they stand where we do, counted as a sign of the coordinator's life: nobody took its place.",
    change: "Only what the coordinator itself says counts.",
  },
  {
    seed: 171n,
    found:
      "A newcomer was let in by a coordinator that then died; the others lacked its execution, and the newcomer cannot read what they ask.",
    change: "A newcomer hands on what it came in by, and its own word, when it hears frames of the epoch before.",
  },
  {
    seed: 194n,
    found:
      "Members had read the numbers of a newcomer in an epoch that was given up, and took the same numbers in the next try for repetitions.",
    change: "With an epoch that is given up, the numbers that were read in it are forgotten.",
  },
  {
    seed: 402n,
    found:
      "A member was bound to what a coordinator had prepared that died before it could give it up, and could not follow the others.",
    change: "Whoever would have had to be ready for it, and speaks in another epoch, shows that it was never executed.",
  },
]
