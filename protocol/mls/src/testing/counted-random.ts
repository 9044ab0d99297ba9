export { countedRandom } from "../vectors/counted-random.ts"
