package xyz

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"unicode/utf8"
)

// TestValues follows the cases of the libAtoms specification.
func TestValues(t *testing.T) {
	for text, want := range map[string]any{
		// integers
		`12`: 12, `+12`: 12, `-12`: -12, `0`: 0, `-0`: 0,
		// floats
		`12.0`: 12.0, `-0.12`: -0.12, `.5`: 0.5, `5.`: 5.0, `1e3`: 1000.0, `1E+3`: 1000.0, `1.0d-3`: 1e-3, `-2D2`: -200.0,
		// logicals
		`T`: true, `true`: true, `True`: true, `TRUE`: true, `F`: false, `false`: false, `False`: false, `FALSE`: false,
		// bare strings; what is nearly something else is a string
		`bulk`: "bulk", `TRuE`: "TRuE", `t`: "t", `1.3k7`: "1.3k7", `600K_MD`: "600K_MD", `1e`: "1e", `-`: "-", `.`: ".",
		`a:b/c;d'e`: "a:b/c;d'e", `Å`: "Å", `a\ b\=c`: "a b=c", `\\`: `\`, `\"5`: `"5`,
		// what needs quotes and ASE writes without
		`CC(=O)CC(=O)C`: "CC(=O)CC(=O)C", `2,4-pentanedione`: "2,4-pentanedione", `a\b`: `a\b`, `C:\data`: `C:\data`, `C[C@H](O)N`: "C[C@H](O)N",
		`1,2`: "1,2", `b=c`: "b=c", `=x`: "=x", `,x`: ",x", `}`: "}", `b"c`: `b"c`,
		// numbers that would not read back the same
		`012`: "012", `-00.5`: "-00.5", `9223372036854775808`: "9223372036854775808", `1e999`: "1e999", `nan`: "nan", `inf`: "inf",
		`0x1p3`: "0x1p3", `1_000`: "1_000",
		// quoted strings
		`"bulk"`: "bulk", `""`: "", `" "`: " ", `"a b c"`: "a b c", `"line one\nline two"`: "line one\nline two",
		`"abc\"def"`: `abc"def`, `"abc\\def"`: `abc\def`, `"\5"`: "5", `"\T F"`: "T F", `"a=b, [c] {d}"`: "a=b, [c] {d}",
		`"1 2 x"`: "1 2 x", `"1,,2"`: "1,,2", `"T 1"`: "T 1",
		// arrays in the old style
		`"1 2 3"`: []int{1, 2, 3}, `{1 2 3}`: []int{1, 2, 3}, `"1 2.0 3"`: []float64{1, 2, 3}, `" 1.0  2 "`: []float64{1, 2},
		`"1, 2,3"`: []int{1, 2, 3}, `"T F True FALSE"`: []bool{true, false, true, false}, `{T F}`: []bool{true, false},
		`{a b}`: []string{"a", "b"}, `{"a b" c}`: []string{"a b", "c"}, `{1 b}`: []string{"1", "b"}, `{1, 2}`: []int{1, 2},
		"\"1\t2\"": []int{1, 2},
		// of which one element is a scalar
		`"5"`: 5, `{5}`: 5, `"5.0"`: 5.0, `"T"`: true, `{a}`: "a", `{"a b"}`: "a b", `" 5 "`: 5,
		// arrays in the new style
		`[1,2]`: []int{1, 2}, `[ 1 , 2.5 ]`: []float64{1, 2.5}, `[5]`: []int{5}, `[T, F]`: []bool{true, false},
		`[a,b]`: []string{"a", "b"}, `[ "a", "b" ]`: []string{"a", "b"}, `[ "a", b, "c" ]`: []string{"a", "b", "c"},
		`[ "a, b", "c]" ]`: []string{"a, b", "c]"}, `[ T, F, bob ]`: []string{"T", "F", "bob"}, `[1, "2"]`: []string{"1", "2"},
		// matrices
		`[[1,2],[3,4]]`: [][]int{{1, 2}, {3, 4}}, `[ [ 1, 2 ] , [ 3, 4.5 ] ]`: [][]float64{{1, 2}, {3, 4.5}},
		`[[1]]`: [][]int{{1}}, `[[T],[F]]`: [][]bool{{true}, {false}}, `[[T, 1],[a, "b c"]]`: [][]string{{"T", "1"}, {"a", "b c"}},
		// JSON
		`"_JSON [1, 2]"`: json.RawMessage("[1, 2]"), `"_JSON {\"a\": \"b\\\"c\"}"`: json.RawMessage(`{"a": "b\"c"}`),
		`"\_JSON [1]"`: "_JSON [1]", `"_JSON"`: "_JSON",
	} {
		for _, line := range []string{"key=" + text, " key = " + text + " ", "first key=" + text + "\tlast=1"} {
			pairs, err := parsePairs(line)
			if err != nil {
				t.Errorf("%s: %v", line, err)
				continue
			}
			for _, p := range pairs {
				if p.key == "key" && !reflect.DeepEqual(p.value, want) {
					t.Errorf("%s: got %#v, want %#v", line, p.value, want)
				}
			}
		}
	}
}

func TestKeys(t *testing.T) {
	pairs, err := parsePairs(`bare  quoted "two words"=1 5=2 a-b.c:d = x last`)
	if err != nil {
		t.Fatal(err)
	}
	want := []pair{{"bare", true, 0, 0}, {"quoted", true, 6, 6}, {"two words", 1, 13, 25}, {"5", 2, 27, 29}, {"a-b.c:d", "x", 31, 41}, {"last", true, 43, 43}}
	if !reflect.DeepEqual(pairs, want) {
		t.Errorf("got %v, want %v", pairs, want)
	}
}

func TestEmptyStrings(t *testing.T) {
	for line, want := range map[string][]Entry{
		`a=`:               {{"a", ""}},
		`a= `:              {{"a", ""}},
		`a= pbc="T T T"`:   {{"a", ""}, {"pbc", []bool{true, true, true}}},
		`a= b= c=1 d=`:     {{"a", ""}, {"b", ""}, {"c", 1}, {"d", ""}},
		`a= smiles=C(=O)C`: {{"a", ""}, {"smiles", "C(=O)C"}},
		// no empty strings
		`a= -1.5 b=2`:        {{"a", -1.5}, {"b", 2}},
		`smiles= C(=O)C b=2`: {{"smiles", "C(=O)C"}, {"b", 2}},
	} {
		pairs, err := parsePairs(line)
		var got []Entry
		for _, p := range pairs {
			got = append(got, Entry{p.key, p.value})
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, %v, want %v", line, got, err, want)
		}
	}
}

func TestMalformedPairs(t *testing.T) {
	for _, line := range []string{
		`=1`, `""=1`, `a = b = c`, `a="b`, `a="b\"`, `a="b"c`, `a="b"c=1`, `a=[`, `a=[1`, `a=[1,`,
		`a=[1,]`, `a=[]`, `a={}`, `a={1`, `a=[1 2]`, `a=[1,2]3`, `a=[[1,2],[3]]`, `a=[[1,2],3]`, `a=[[1,2]`, `a=[[1,2],`, `a=[[1] [2]]`, `a=[[[1]]]`, `a=[[]]`,
		`a="b\`, `a=1 a=2`, `a a`, `a= b=1 a=2`, `a={[1]}`, `pbc=T T T`, `Lattice='1 2 3'`, `a="_JSON [1"`, `a="_JSON "`, `a"b"=1`, `,`,
	} {
		pairs, err := parsePairs(line)
		var p *problem
		if !errors.As(err, &p) || p.at < 0 || p.at > len(line) {
			t.Errorf("%s: got %v and error %v", line, pairs, err)
		}
	}
}

func TestValuesThatCannotBeWritten(t *testing.T) {
	for _, v := range []any{
		nil, int64(1), float32(1), [3]float64{}, []any{1}, map[string]int{},
		[]int{}, []string{}, [][]int{}, [][]int{{}}, [][]int{{1}, {2, 3}}, [][]string{{"a"}, {}},
		"\xff", []string{"a", "\xff"}, json.RawMessage("[1"), json.RawMessage(nil),
		inf, -inf, nan, []float64{1, nan}, [][]float64{{1}, {nan}},
	} {
		if b, err := appendValue(nil, v); err == nil {
			t.Errorf("%#v is written as %s", v, b)
		}
	}
}

// FuzzPairs holds that no comment line makes the parser panic, and that each
// value is read again as it was.
func FuzzPairs(f *testing.F) {
	for _, seed := range []string{
		`a=1 b="x y" c`, `a = [1, 2.5] b={T F} c=[[a, "b c"], [1, 2]]`, `smiles=CC(=O)C o= path=a\b n=2,4 q=a"b`, `"k k"="\\5" j="_JSON {\"a\": [1]}" s="a\nb\\\"" p=a\ b`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if !utf8.ValidString(line) {
			return
		}
		pairs, err := parsePairs(line)
		var malformed *problem
		if err != nil && (!errors.As(err, &malformed) || malformed.at < 0 || malformed.at > len(line)) {
			t.Fatalf("%v", err)
		}
		for _, p := range pairs {
			b, err := appendPair(nil, Entry{p.key, p.value})
			if err != nil {
				t.Fatal(err)
			}
			again, err := parsePairs(string(b))
			if err != nil || len(again) != 1 || again[0].key != p.key || !reflect.DeepEqual(again[0].value, p.value) {
				t.Fatalf("%#v is written as %s and read as %#v, %v", p, b, again, err)
			}
		}
	})
}
