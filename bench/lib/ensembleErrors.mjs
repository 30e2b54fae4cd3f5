/** The class of the largest probability; of equal ones the first. */
const bestOf = (probabilities) =>
  probabilities.reduce((best, p, i) => (p > probabilities[best] ? i : best), 0);

/**
 * For each thing, 1 where the mean of the members' probabilities names another class
 * than its label, else 0.
 *
 * @param members for each member, for each thing, the classes' probabilities
 */
export function ensembleErrors(members, labels) {
  return labels.map((label, thing) => {
    const sums = Array.from(members[0][thing], (_, c) =>
      members.reduce((sum, member) => sum + member[thing][c], 0),
    );
    return Number(bestOf(sums) !== label);
  });
}

const meanOf = (values) => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Part of wrong answers, averaged over all ensembles of so many of the members. */
export function meanErrorOfSize(members, size, labels) {
  const errors = [];
  for (let set = 0; set < 2 ** members.length; set++) {
    const chosen = members.filter((_, i) => (set >> i) & 1);
    if (chosen.length === size) errors.push(meanOf(ensembleErrors(chosen, labels)));
  }
  return meanOf(errors);
}
