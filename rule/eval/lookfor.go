package eval

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/rule/eql"
)

// category is the field that a query's category names.
const category = "event.category"

// fewValues is up to how many values of a field are looked for one by one.
const fewValues = 4

// LookFor returns what Program.Needs does, for a query without a mapping and for a reader
// that can look for any number of values: sets of them, addresses, fields that there must
// be, or at the least the query's category. nil means that there is no telling, and an
// empty list that nothing matches.
func LookFor(q *eql.EventQuery) []event.Need {
	n := needer{event.TypeOf, func(string) *fastjson.Value { return nil }, true}
	needs := n.of(q.Filter.Cond)
	if q.Filter.Any {
		return needs
	}
	in := []event.Need{{Field: category, Type: event.Keyword, Among: event.NewSet(q.Filter.Category)}}
	if needs == nil {
		return in
	}
	for i := range needs {
		if needs[i].Text == "" && needs[i].Number == 0 {
			needs[i].And = in
		}
	}
	return needs
}

// exists is the need of "field != null".
func (n needer) exists(x *eql.Binary) []event.Need {
	field, ok := x.X.(*eql.Field)
	if _, null := x.Y.(*eql.Null); !n.many || !ok || !null || n.isCommon(field.Name) || n.nulls(field.Name) != nil {
		return nil
	}
	return []event.Need{{Field: field.Name, Exists: true}}
}

// among is the need of a field that is to equal one of the literals.
func (n needer) among(field *eql.Field, literals []eql.Expr) []event.Need {
	if !n.many || n.nulls(field.Name) != nil || n.isCommon(field.Name) && field.Name != category {
		return nil
	}
	typ, _ := n.types(field.Name)
	if typ == event.Flattened || typ == event.Unknown {
		typ = event.Keyword // text is compared as text there
	}
	var values []string
	for _, literal := range literals {
		value, ok := valueOf(literal, typ)
		if !ok {
			return nil
		}
		values = append(values, value)
	}
	return []event.Need{{Field: field.Name, Type: typ, Among: event.NewSet(values...)}}
}

// valueOf returns a literal as an event.Set has it.
func valueOf(literal eql.Expr, typ event.Type) (string, bool) {
	switch v := literal.(type) {
	case *eql.Int:
		return v.String(), typ == event.Long && v.Value >= 0
	case *eql.String:
		if typ == event.IP {
			addr, ok := event.ParseIP([]byte(v.Value))
			return addr.String(), ok
		}
		return v.Value, typ == event.Keyword && v.Value != ""
	}
	return "", false
}

// inBlocks is the need of an address that is to be in one of some blocks, if each block is
// one address.
func (n needer) inBlocks(x *eql.Call) []event.Need {
	if !n.many || x.Func != "cidrMatch" || len(x.Args) < 2 {
		return nil
	}
	field, ok := x.Args[0].(*eql.Field)
	if typ, _ := n.types(fieldName(field)); !ok || typ != event.IP || n.nulls(field.Name) != nil {
		return nil
	}
	set := event.NewSet()
	for _, arg := range x.Args[1:] {
		text, ok := arg.(*eql.String)
		if !ok {
			return nil
		}
		block, err := netip.ParsePrefix(text.Value)
		if err != nil || !block.IsSingleIP() || block.Addr().Is4In6() {
			return nil
		}
		set.Add(block.Addr().String())
	}
	return []event.Need{{Field: field.Name, Type: event.IP, Among: set}}
}

func fieldName(f *eql.Field) string {
	if f == nil {
		return ""
	}
	return f.Name
}

func (n needer) isCommon(field string) bool {
	return slices.ContainsFunc(common, func(prefix string) bool { return strings.HasPrefix(field, prefix) })
}

// Join puts needs together: values of one field become one set.
func Join(lists ...[]event.Need) []event.Need {
	var all []event.Need
	places := map[string]int{}
	for _, need := range slices.Concat(lists...) {
		set, ok := need.Among.(*event.Set)
		if !ok || need.Open != nil || need.Hosts != nil {
			all = append(all, need)
			continue
		}
		key := keyOf(&need)
		at, known := places[key]
		if !known {
			places[key] = len(all)
			need.Among = event.NewSet()
			at = len(all)
			all = append(all, need)
		}
		for v := range set.All() {
			all[at].Among.(*event.Set).Add(v)
		}
	}
	return all
}

// keyOf returns what needs have in common whose values Join puts together.
func keyOf(need *event.Need) string {
	key := need.Field
	for i := range need.And {
		key += "\x00" + need.And[i].Field + "\x00" + need.And[i].Text
		if set, ok := need.And[i].Among.(*event.Set); ok {
			for _, v := range slices.Sorted(set.All()) {
				key += "\x00" + v
			}
		}
	}
	return key
}
