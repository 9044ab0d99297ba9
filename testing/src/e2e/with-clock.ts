/** Sets the calendar of a program, and leaves its timers alone. */
export function withClock(offsetMs: number): { readonly NODE_OPTIONS: string } {
  const shift = `const now = Date.now; Date.now = () => now() + ${offsetMs}`
  const url = `data:text/javascript,${encodeURIComponent(shift)}`
  return { NODE_OPTIONS: `${process.env["NODE_OPTIONS"] ?? ""} --import=${url}` }
}
