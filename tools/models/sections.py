"""Makes test/models/sections-small: a small BERT that names the archive section of a Debian package from its description.

    sections.py [OUT]        default: test/models/sections-small of this repository

Data: short descriptions and sections out of `apt-cache dumpavail`, sections merged into the ten classes of CLASSES (admin, utils,
devel and the like are left out: people disagree on them too). Binary packages of one source package fall on the same side of the
split, so that the test set is of packages the model has not seen.

Two models are trained, both from scratch with a fixed seed on one thread (some five minutes in all):
  main     2 layers, hidden 128: legacy.onnx (TorchScript exporter, opset 17) and dynamo.onnx (torch.export, opset 20)
  sibling  1 layer, hidden 64: decomposed.onnx (TorchScript exporter, opset 13: LayerNormalization and GELU in primitive ops)
Every file is compared with PyTorch on several batch sizes and lengths before the script ends.
"""
import collections
import math
import os
import random
import subprocess
import sys

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import numpy as np
import torch
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertForSequenceClassification

import onnxfile

CLASSES = {
    "compiled": "haskell rust golang ocaml lisp java cli-mono",
    "desktop": "x11 gnome kde xfce gnustep",
    "doc": "doc",
    "games": "games",
    "libs": "libs libdevel introspection",
    "media": "sound graphics video",
    "network": "net web httpd mail news comm",
    "science": "science math electronics gnu-r",
    "scripting": "perl python ruby php javascript",
    "text": "text editors fonts tex localization",
}
LABELS = sorted(CLASSES)
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
VOCABULARY, LENGTH, PER_CLASS = 2048, 32, 2500
TEST, CALIBRATION, SEED = 1000, 256, 20


def packages():
    """(source package, description, class) of every package with a description that no earlier one had."""
    of_section = {section: LABELS.index(label) for label, sections in CLASSES.items() for section in sections.split()}
    dump = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True).stdout
    rows = {}
    for record in dump.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in record.splitlines() if ": " in line and line[0] != " ")
        label = of_section.get(fields.get("Section", "").split("/")[-1])
        if label is not None and "Description" in fields and "Package" in fields:
            source = fields.get("Source", fields["Package"]).split(" ")[0]
            rows.setdefault(fields["Description"], (source, fields["Description"], label))
    return sorted(rows.values())


def split(rows):
    """Training and test rows: sources shuffled, the first ones to the test set; at most PER_CLASS training rows a class."""
    by_source = collections.defaultdict(list)
    for row in rows:
        by_source[row[0]].append(row)
    sources = sorted(by_source)
    random.Random(SEED).shuffle(sources)
    train, test, seen = [], [], collections.Counter()
    cap = math.ceil(TEST / len(LABELS))
    for source in sources:
        if len(test) < TEST:
            # One package a source, and as many of each class as the others, as far as the class goes.
            row = by_source[source][0]
            if seen["test", row[2]] < cap:
                seen["test", row[2]] += 1
                test.append(row)
            continue
        for row in by_source[source]:
            if seen["train", row[2]] < PER_CLASS:
                seen["train", row[2]] += 1
                train.append(row)
    random.Random(SEED).shuffle(train)
    return train, test


def encode(tokenizer, rows):
    """The model's inputs for some rows, padded to LENGTH, and their labels."""
    ids = np.zeros((len(rows), LENGTH), np.int64)
    mask = np.zeros_like(ids)
    for i, encoding in enumerate(tokenizer.encode_batch([row[1] for row in rows])):
        ids[i, :len(encoding.ids)] = encoding.ids
        mask[i, :len(encoding.ids)] = 1
    labels = np.array([row[2] for row in rows], np.int64)
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids), "labels": labels}


class Classifier(torch.nn.Module):
    """The classifier as a function of its three inputs alone, as the exporters want it."""

    def __init__(self, hidden, layers, heads):
        super().__init__()
        self.bert = BertForSequenceClassification(BertConfig(
            vocab_size=VOCABULARY, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
            intermediate_size=4 * hidden, max_position_embeddings=64, num_labels=len(LABELS),
            hidden_dropout_prob=0.2, attention_probs_dropout_prob=0.0, attn_implementation="eager"))

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.bert(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).logits


def train(model, data, epochs, rate=1e-3, batch=128):
    """AdamW with warm-up and cosine decay; a batch is cut to the length of its longest sample."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    tensors = {name: torch.from_numpy(array) for name, array in data.items()}
    count, lengths = len(data["labels"]), tensors["attention_mask"].sum(1)
    warm, step = math.ceil(count / batch), 0
    steps = epochs * warm
    model.train()
    for epoch in range(epochs):
        # Batches of similar lengths: shuffled samples sorted by length in runs of 16 batches, then the batches shuffled.
        runs = [run[lengths[run].argsort(stable=True)] for run in torch.randperm(count).split(16 * batch)]
        batches, total = [pick for run in runs for pick in run.split(batch)], 0.0
        for at in torch.randperm(len(batches)).tolist():
            pick = batches[at]
            length = int(tensors["attention_mask"][pick].sum(1).max())
            for group in optimizer.param_groups:
                group["lr"] = rate * min(step / warm, 0.5 * (1 + math.cos(math.pi * step / steps)))
            logits = model(*(tensors[name][pick, :length] for name in INPUTS))
            loss = torch.nn.functional.cross_entropy(logits, tensors["labels"][pick], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            step, total = step + 1, total + loss.item()
        print(f"epoch {epoch + 1}/{epochs}: loss {total / warm:.3f}", flush=True)
    return model.eval()


def predict(model, data):
    with torch.no_grad():
        return model(*(torch.from_numpy(data[name]) for name in INPUTS)).numpy()


def check(model, path, data):
    """Compares a file with PyTorch on real samples, and on random ids over several batch sizes and lengths."""
    generator = np.random.default_rng(SEED)
    worst = onnxfile.check(path, {name: data[name] for name in INPUTS}, [predict(model, data)])
    for batch in (1, 3):
        for length in (1, 5, 32, 64):
            mask = (np.arange(length) < generator.integers(1, length + 1, (batch, 1))).astype(np.int64)
            feed = {"input_ids": generator.integers(5, VOCABULARY, (batch, length)), "attention_mask": mask,
                    "token_type_ids": generator.integers(0, 2, (batch, length))}
            worst = max(worst, onnxfile.check(path, feed, [predict(model, feed)]))
    print(f"{path}: at most {worst:.1e} from PyTorch")


def main(out):
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    os.makedirs(out, exist_ok=True)
    rows, held_out = split(packages())
    print(f"{len(rows)} training samples, {len(held_out)} test samples")
    tokenizer = BertWordPieceTokenizer(lowercase=True)
    tokenizer.train_from_iterator([row[1] for row in rows], vocab_size=VOCABULARY, show_progress=False)
    # Made again from its vocabulary, the tokenizer puts [CLS] and [SEP] around a text.
    tokenizer = BertWordPieceTokenizer(tokenizer.get_vocab(), lowercase=True)
    tokenizer.enable_truncation(LENGTH)
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    training, test = encode(tokenizer, rows), encode(tokenizer, held_out)

    example = tuple(torch.from_numpy(test[name][:2, :16]) for name in INPUTS)
    axes = {0: "batch", 1: "sequence"}
    models = {}
    for name, (hidden, layers, heads, epochs) in {"main": (128, 2, 4, 10), "sibling": (64, 1, 2, 10)}.items():
        torch.manual_seed(SEED)
        models[name] = train(Classifier(hidden, layers, heads), training, epochs)
        accuracy = np.mean(predict(models[name], test).argmax(1) == test["labels"])
        print(f"{name}: {sum(p.numel() for p in models[name].parameters())} weights, accuracy {100 * accuracy:.2f} %")
    for file, name, opset, dynamo in (("legacy", "main", 17, False), ("dynamo", "main", 20, True),
                                      ("decomposed", "sibling", 13, False)):
        onnxfile.export(models[name], example, f"{out}/{file}.onnx", INPUTS, "logits", axes, opset, dynamo)
        check(models[name], f"{out}/{file}.onnx", test)
    np.savez_compressed(f"{out}/test.npz", **test, logits=predict(models["main"], test),
                        decomposed_logits=predict(models["sibling"], test))
    np.savez_compressed(f"{out}/calibration.npz", **{name: array[:CALIBRATION] for name, array in training.items()})
    with open(f"{out}/labels.txt", "w") as f:
        f.writelines(f"{label}\n" for label in LABELS)
    with open(f"{out}/vocab.txt", "w") as f:
        f.writelines(f"{token}\n" for token, _ in vocabulary)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else
         os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../test/models/sections-small"))
