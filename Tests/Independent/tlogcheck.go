// Tlogcheck reads a log's folder with golang.org/x/mod/sumdb, a transparency log implementation that
// shares no code with this project, and refuses what does not add up.
//
//	tlogcheck FOLDER VKEY
//
// It exits with 0 if all holds and with 3 if the log is refused; anything else is a fault of its own.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	full   = 1 << height
)

func refuse(format string, values ...interface{}) {
	fmt.Fprintf(os.Stderr, "tlogcheck: refused: "+format+"\n", values...)
	os.Exit(3)
}

// path gives the place of a tile as C2SP tlog-tiles has it: without the height, which is always 8,
// and with bundles of entries where the Go checksum database has "data".
func path(tile tlog.Tile) string {
	rest := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
	if tile.L == -1 {
		rest = "entries" + strings.TrimPrefix(rest, "data")
	}
	return "tile/" + rest
}

// tilesOf lists the tiles of one level that a tree of n records has; level -1 stands for entries.
func tilesOf(level int, n int64) []tlog.Tile {
	count := n
	if level > 0 {
		count = n >> uint(height*level)
	}
	var tiles []tlog.Tile
	for start := int64(0); start < count; start += full {
		width := count - start
		if width > full {
			width = full
		}
		tiles = append(tiles, tlog.Tile{H: height, L: level, N: start / full, W: int(width)})
	}
	return tiles
}

// folder serves tiles from a log's folder; tlog.TileHashReader does not trust what it gets from it.
type folder struct {
	root  string
	cache map[tlog.Tile][]byte
}

func (f *folder) Height() int                     { return height }
func (f *folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f *folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, known := f.cache[tile]
		if !known {
			var err error
			data, err = os.ReadFile(filepath.Join(f.root, path(tile)))
			if err != nil {
				return nil, err
			}
			f.cache[tile] = data
		}
		all = append(all, data)
	}
	return all, nil
}

// entries splits a bundle, in which each entry has its length in sixteen bits in front.
func entries(tile tlog.Tile, data []byte) [][]byte {
	var all [][]byte
	for len(data) > 0 {
		if len(data) < 2 {
			refuse("%s: a length is cut", path(tile))
		}
		length := int(data[0])<<8 | int(data[1])
		if len(data) < 2+length {
			refuse("%s: entry %d is cut", path(tile), len(all))
		}
		all = append(all, data[2:2+length])
		data = data[2+length:]
	}
	if len(all) != tile.W {
		refuse("%s: holds %d entries, not %d", path(tile), len(all), tile.W)
	}
	return all
}

// checkpoint opens the signed note and reads its tree.
func checkpoint(root, vkey string) (string, tlog.Tree) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		refuse("vkey: %v", err)
	}
	message, err := os.ReadFile(filepath.Join(root, "checkpoint"))
	if err != nil {
		refuse("checkpoint: %v", err)
	}
	opened, err := note.Open(message, note.VerifierList(verifier))
	if err != nil {
		refuse("checkpoint: %v", err)
	}
	lines := strings.SplitN(opened.Text, "\n", 2)
	if lines[0] != verifier.Name() {
		refuse("checkpoint: its origin is %q, the key's name is %q", lines[0], verifier.Name())
	}
	// What follows the origin is laid out as in the Go checksum database, whose origin is fixed.
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + lines[1]))
	if err != nil {
		refuse("checkpoint: %v", err)
	}
	if tree.N < 1 {
		refuse("checkpoint: the log is empty")
	}
	return lines[0], tree
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: tlogcheck FOLDER VKEY")
		os.Exit(2)
	}
	root, vkey := os.Args[1], os.Args[2]
	origin, tree := checkpoint(root, vkey)
	files := &folder{root, map[tlog.Tile][]byte{}}

	// The tree as the entries alone make it.
	var stored, records []tlog.Hash
	own := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, index := range indexes {
			if index >= int64(len(stored)) {
				return nil, fmt.Errorf("no hash %d", index)
			}
			hashes = append(hashes, stored[index])
		}
		return hashes, nil
	})
	bundles := tilesOf(-1, tree.N)
	for _, tile := range bundles {
		data, err := files.ReadTiles([]tlog.Tile{tile})
		if err != nil {
			refuse("%v", err)
		}
		for _, entry := range entries(tile, data[0]) {
			hash := tlog.RecordHash(entry)
			hashes, err := tlog.StoredHashesForRecordHash(int64(len(records)), hash, own)
			if err != nil {
				refuse("entry %d: %v", len(records), err)
			}
			records = append(records, hash)
			stored = append(stored, hashes...)
		}
	}
	computed, err := tlog.TreeHash(tree.N, own)
	if err != nil {
		refuse("root: %v", err)
	}
	if computed != tree.Hash {
		refuse("the entries lead to the root %v, the checkpoint states %v", computed, tree.Hash)
	}

	// The hashes now come from the tiles, as a client of the log reads them and checks them.
	// They are compared with the entries' too: tlog 0.7 begins to authenticate full tiles at position
	// len(stx) of its list, and where tiles of the right edge coincide it passes over the first ones.
	reader := tlog.TileHashReader(tree, files)
	for n := int64(0); n < tree.N; n++ {
		hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
		if err != nil {
			refuse("tiles at entry %d: %v", n, err)
		}
		if hashes[0] != records[n] {
			refuse("entry %d: the tiles hold another hash", n)
		}
		inclusion, err := tlog.ProveRecord(tree.N, n, reader)
		if err != nil {
			refuse("inclusion of entry %d: %v", n, err)
		}
		if err := tlog.CheckRecord(inclusion, tree.N, tree.Hash, n, records[n]); err != nil {
			refuse("inclusion of entry %d: %v", n, err)
		}
		size := n + 1
		old, err := tlog.TreeHash(size, own)
		if err != nil {
			refuse("root at size %d: %v", size, err)
		}
		consistency, err := tlog.ProveTree(tree.N, size, reader)
		if err != nil {
			refuse("consistency from size %d: %v", size, err)
		}
		if err := tlog.CheckTree(consistency, tree.N, tree.Hash, size, old); err != nil {
			refuse("consistency from size %d: %v", size, err)
		}
	}

	// Every hash tile of every level is what the entries call for, also where no proof needed it.
	tiles := 0
	for level := 0; tree.N>>uint(height*level) > 0; level++ {
		for _, tile := range tilesOf(level, tree.N) {
			found, err := files.ReadTiles([]tlog.Tile{tile})
			if err != nil {
				refuse("%v", err)
			}
			wanted, err := tlog.ReadTileData(tile, own)
			if err != nil {
				refuse("%s: %v", path(tile), err)
			}
			if !bytes.Equal(found[0], wanted) {
				refuse("%s: is not what the entries call for", path(tile))
			}
			tiles++
		}
	}
	fmt.Printf("tlogcheck: %s: checkpoint signed, %d entries in %d bundles, %d tiles, "+
		"%d inclusion and %d consistency proofs\n",
		origin, tree.N, len(bundles), tiles, tree.N, tree.N)
}
