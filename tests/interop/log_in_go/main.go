// Checks a published log with golang.org/x/mod/sumdb, by people who never saw our code.
//
//	check LOG VKEY
//	check LOG VKEY RECEIPT LEAF
//
// Prints what it has checked and ends with 0, or says what is wrong and ends with 1.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func main() {
	var err error
	switch len(os.Args) {
	case 3:
		err = checkLog(os.Args[1], os.Args[2])
	case 5:
		err = checkReceipt(os.Args[1], os.Args[2], os.Args[3], os.Args[4])
	default:
		err = errors.New("usage: check LOG VKEY [RECEIPT LEAF]")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func checkLog(folder, vkey string) error {
	heads, err := readHeads(folder, vkey)
	if err != nil {
		return err
	}
	newest := heads[len(heads)-1]
	// What tlog makes of the entries: every hash of the tree, in its own order.
	var stored memory
	records, err := readEntries(folder, newest.N)
	if err != nil {
		return err
	}
	for n, record := range records {
		hashes, err := tlog.StoredHashes(int64(n), record, stored)
		if err != nil {
			return err
		}
		stored = append(stored, hashes...)
	}
	tiles, err := compareTiles(folder, newest.N, stored)
	if err != nil {
		return err
	}
	for _, head := range heads {
		if err := checkHead(folder, head, records); err != nil {
			return fmt.Errorf("tree of %d: %w", head.N, err)
		}
	}
	proofs, err := checkGrowth(folder, heads)
	if err != nil {
		return err
	}
	fmt.Printf("%d heads, %d entries, %d tiles, %d tree proofs\n", len(heads), len(records), tiles, proofs)
	return nil
}

// readHeads returns all signed tree heads, by size.
func readHeads(folder, vkey string) ([]tlog.Tree, error) {
	names, err := filepath.Glob(filepath.Join(folder, "checkpoints", "*"))
	if err != nil {
		return nil, err
	}
	var heads []tlog.Tree
	for _, name := range append(names, filepath.Join(folder, "checkpoint")) {
		head, err := readHead(name, vkey)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if base := filepath.Base(name); base != "checkpoint" && base != strconv.FormatInt(head.N, 10) {
			return nil, fmt.Errorf("%s: of %d entries", name, head.N)
		}
		heads = append(heads, head)
	}
	newest := heads[len(heads)-1]
	sort.SliceStable(heads, func(i, j int) bool { return heads[i].N < heads[j].N })
	if newest != heads[len(heads)-1] {
		return nil, errors.New("checkpoint: not the newest")
	}
	return heads, nil
}

func readHead(name, vkey string) (tlog.Tree, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return tlog.Tree{}, err
	}
	return openHead(raw, vkey)
}

func openHead(raw []byte, vkey string) (tlog.Tree, error) {
	var head tlog.Tree
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return head, err
	}
	opened, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return head, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return head, errors.New("not a checkpoint of this log")
	}
	if head.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return head, err
	}
	head.Hash, err = tlog.ParseHash(lines[2])
	return head, err
}

// readEntries returns the entries of all bundles (C2SP tlog-tiles).
func readEntries(folder string, size int64) ([][]byte, error) {
	var records [][]byte
	for n := int64(0); n<<height < size; n++ {
		width := size - n<<height
		if width > 1<<height {
			width = 1 << height
		}
		path := tlog.Tile{H: height, L: -1, N: n, W: int(width)}.Path()
		path = strings.Replace(path, "tile/8/data/", "tile/entries/", 1)
		raw, err := readObject(folder, path)
		if err != nil {
			return nil, err
		}
		for i := int64(0); i < width; i++ {
			if len(raw) < 2 || len(raw) < 2+int(binary.BigEndian.Uint16(raw)) {
				return nil, fmt.Errorf("%s: too short", path)
			}
			end := 2 + int(binary.BigEndian.Uint16(raw))
			records = append(records, raw[2:end])
			raw = raw[end:]
		}
	}
	return records, nil
}

// compareTiles compares each tile that is there with what tlog would have written. Partial tiles
// of earlier sizes may be absent; that those of the newest size are there shows in checkHead.
func compareTiles(folder string, size int64, stored tlog.HashReader) (int, error) {
	compared := 0
	for _, tile := range tlog.NewTiles(height, 0, size) {
		found, err := os.ReadFile(filepath.Join(folder, tilePath(tile)))
		if errors.Is(err, os.ErrNotExist) && tile.W < 1<<height {
			continue
		}
		if err != nil {
			return 0, err
		}
		expected, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(found, expected) {
			return 0, fmt.Errorf("%s: differs", tilePath(tile))
		}
		compared++
	}
	return compared, nil
}

// checkHead reads every leaf through tiles that tlog authenticates, and proves every entry.
func checkHead(folder string, head tlog.Tree, records [][]byte) error {
	if head.N == 0 {
		return nil
	}
	reader := tlog.TileHashReader(head, &onDisk{folder})
	var indexes []int64
	for n := int64(0); n < head.N; n++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, n))
	}
	leaves, err := reader.ReadHashes(indexes)
	if err != nil {
		return err
	}
	step := head.N/200 + 1
	for n := int64(0); n < head.N; n++ {
		if leaves[n] != tlog.RecordHash(records[n]) {
			return fmt.Errorf("entry %d differs from its leaf", n)
		}
		if n%step != 0 && n != head.N-1 {
			continue
		}
		proof, err := tlog.ProveRecord(head.N, n, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, head.N, head.Hash, n, tlog.RecordHash(records[n])); err != nil {
			return fmt.Errorf("entry %d: %w", n, err)
		}
	}
	return nil
}

// checkGrowth proves that each tree head holds each that is older.
func checkGrowth(folder string, heads []tlog.Tree) (int, error) {
	proofs := 0
	for i, head := range heads {
		reader := tlog.TileHashReader(head, &onDisk{folder})
		for _, old := range heads[:i] {
			if old.N == 0 {
				continue
			}
			proof, err := tlog.ProveTree(head.N, old.N, reader)
			if err != nil {
				return 0, err
			}
			if err := tlog.CheckTree(proof, head.N, head.Hash, old.N, old.Hash); err != nil {
				return 0, fmt.Errorf("tree of %d in that of %d: %w", old.N, head.N, err)
			}
			proofs++
		}
	}
	return proofs, nil
}

// checkReceipt checks a C2SP tlog-proof, and that its tree head is in the log.
func checkReceipt(folder, vkey, name, leaf string) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	parts := strings.SplitN(string(raw), "\n\n", 2)
	lines := strings.Split(parts[0], "\n")
	if len(parts) != 2 || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	head, err := openHead([]byte(parts[1]), vkey)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := parseHash(base64.StdEncoding.DecodeString(line))
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	hash, err := parseHash(hex.DecodeString(leaf))
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, head.N, head.Hash, index, hash); err != nil {
		return err
	}
	newest, err := readHead(filepath.Join(folder, "checkpoint"), vkey)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(newest, &onDisk{folder})
	grown, err := tlog.ProveTree(newest.N, head.N, reader)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(grown, newest.N, newest.Hash, head.N, head.Hash); err != nil {
		return err
	}
	fmt.Printf("entry %d of %d\n", index, head.N)
	return nil
}

func parseHash(raw []byte, err error) (tlog.Hash, error) {
	var hash tlog.Hash
	if err == nil && len(raw) != tlog.HashSize {
		err = errors.New("a hash of another length")
	}
	copy(hash[:], raw)
	return hash, err
}

// memory holds the hashes of a tree in tlog's own order.
type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		found[i] = m[index]
	}
	return found, nil
}

// onDisk gives the tiles of a folder to tlog, which checks them.
type onDisk struct{ folder string }

func (o *onDisk) Height() int                     { return height }
func (o *onDisk) SaveTiles([]tlog.Tile, [][]byte) {}

func (o *onDisk) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		raw, err := readObject(o.folder, tilePath(tile))
		if err != nil {
			return nil, err
		}
		if len(raw) < tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s: too short", tilePath(tile))
		}
		found[i] = raw[:tile.W*tlog.HashSize]
	}
	return found, nil
}

// tilePath is the path of C2SP tlog-tiles, which leaves out the height.
func tilePath(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
}

// readObject reads an object, or the full one if the partial one is gone.
func readObject(folder, path string) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(folder, path))
	if whole := strings.SplitN(path, ".p/", 2)[0]; err != nil && whole != path {
		if full, missing := os.ReadFile(filepath.Join(folder, whole)); missing == nil {
			return full, nil
		}
	}
	return raw, err
}
