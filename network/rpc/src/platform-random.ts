/** The platform's own randomness; the default wherever a `Random` may be passed. */
export function platformRandom(lengthBytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(lengthBytes))
}
