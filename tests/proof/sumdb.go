// Asks Go's own checksum-database code whether a log keeps its word.
//
// One question a line of JSON comes in, one answer a line goes out: "ok", or why not.
// Bytes are in base64, as encoding/json has them. Nothing here computes a hash or checks
// a signature; all of it is golang.org/x/mod/sumdb.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	What    string   `json:"what"`
	Key     string   `json:"key"`
	Note    string   `json:"note"`
	Text    string   `json:"text"`
	Leaf    []byte   `json:"leaf"`
	Index   int64    `json:"index"`
	Old     int64    `json:"old"`
	OldRoot []byte   `json:"old_root"`
	Size    int64    `json:"size"`
	Root    []byte   `json:"root"`
	Proof   [][]byte `json:"proof"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<24)
	for lines.Scan() {
		var asked question
		err := json.Unmarshal(lines.Bytes(), &asked)
		if err == nil {
			err = answer(asked)
		}
		if err != nil {
			fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("ok")
		}
	}
}

func answer(asked question) error {
	switch asked.What {
	case "checkpoint":
		_, err := openCheckpoint(asked.Note, asked.Key)
		return err
	case "inclusion":
		return checkInclusion(asked.Proof, asked.Size, asked.Root, asked.Index, asked.Leaf)
	case "consistency":
		return checkConsistency(asked)
	case "tlog-proof":
		return checkProofFile(asked)
	}
	return fmt.Errorf("nobody asks for %q", asked.What)
}

// openCheckpoint verifies the log's signature, then reads the three lines.
func openCheckpoint(text, key string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, errors.New("the size is not a number")
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func checkInclusion(path [][]byte, size int64, root []byte, index int64, leaf []byte) error {
	proof, err := hashes(path)
	if err != nil {
		return err
	}
	top, err := hashes([][]byte{root})
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, size, top[0], index, tlog.RecordHash(leaf))
}

func checkConsistency(asked question) error {
	proof, err := hashes(asked.Proof)
	if err != nil {
		return err
	}
	roots, err := hashes([][]byte{asked.OldRoot, asked.Root})
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, asked.Size, roots[1], asked.Old, roots[0])
}

// checkProofFile reads a C2SP tlog-proof and verifies all of it.
func checkProofFile(asked question) error {
	head, checkpoint, found := strings.Cut(asked.Text, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a tlog-proof")
	}
	number, found := strings.CutPrefix(lines[1], "index ")
	index, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil {
		return errors.New("no index")
	}
	var path [][]byte
	for _, line := range lines[2:] {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return err
		}
		path = append(path, hash)
	}
	tree, err := openCheckpoint(checkpoint, asked.Key)
	if err != nil {
		return err
	}
	return checkInclusion(path, tree.N, tree.Hash[:], index, asked.Leaf)
}

func hashes(raw [][]byte) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(raw))
	for number, one := range raw {
		if copy(found[number][:], one) != tlog.HashSize || len(one) != tlog.HashSize {
			return nil, errors.New("a hash has 32 bytes")
		}
	}
	return found, nil
}
