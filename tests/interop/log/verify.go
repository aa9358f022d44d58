// Verifies a log's folder and its proofs with golang.org/x/mod/sumdb, the implementation that the formats come from.
// Word: the folder.  Standard input: {vkey, leaves: [{index, entry, path}], trees: [{size, root, path}]}; hashes in Base64.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder struct{ path string }

func (f folder) Height() int                                   { return 8 }
func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte)    {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		name := strings.Replace(t.Path(), "tile/8/", "tile/", 1) // sumdb names the height, C2SP does not
		data, err := os.ReadFile(filepath.Join(f.path, name))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

type question struct {
	Vkey   string
	Leaves []struct {
		Index int64
		Entry string
		Path  [][]byte
	}
	Trees []struct {
		Size int64
		Root []byte
		Path [][]byte
	}
}

func hashes(path [][]byte) (all []tlog.Hash) {
	for _, step := range path {
		var h tlog.Hash
		copy(h[:], step)
		all = append(all, h)
	}
	return all
}

func run() error {
	var q question
	if err := json.NewDecoder(os.Stdin).Decode(&q); err != nil {
		return err
	}
	verifier, err := note.NewVerifier(q.Vkey)
	if err != nil {
		return err
	}
	log := folder{os.Args[1]}
	data, err := os.ReadFile(filepath.Join(log.path, "checkpoint"))
	if err != nil {
		return err
	}
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return err
	}
	tree := tlog.Tree{N: size, Hash: root}
	reader := tlog.TileHashReader(tree, log)
	found, err := tlog.TreeHash(size, reader)
	if err != nil || found != root {
		return fmt.Errorf("root %v, signed %v: %v", found, root, err)
	}
	for _, leaf := range q.Leaves {
		hash := tlog.RecordHash([]byte(leaf.Entry))
		if err := tlog.CheckRecord(hashes(leaf.Path), size, root, leaf.Index, hash); err != nil {
			return fmt.Errorf("leaf %d: %v", leaf.Index, err)
		}
		stored, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, leaf.Index)})
		if err != nil || stored[0] != hash {
			return fmt.Errorf("tile of leaf %d: %v", leaf.Index, err)
		}
	}
	for _, old := range q.Trees {
		if err := tlog.CheckTree(hashes(old.Path), size, root, old.Size, hashes([][]byte{old.Root})[0]); err != nil {
			return fmt.Errorf("tree %d: %v", old.Size, err)
		}
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Println("refused:", err)
		return
	}
	fmt.Println("verified")
}
