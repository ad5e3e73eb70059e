package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/valyala/fastjson"

	"kscan/readers/event"
	"kscan/report/safe"
	"kscan/report/triage"
	"kscan/scan"
)

// maxMatches is how many events of matches the table shows: more than anybody reads on a
// terminal. The JSON lines have all.
const maxMatches = 1000

// MatchTable shows what a query matches as a table, with the fields that the query names.
// It is a scan.Sink; Write writes what it took.
type MatchTable struct {
	fields  []string
	paths   []*event.Path
	parser  fastjson.Parser
	values  []*fastjson.Value
	rows    []matchRow
	matches int64
	events  int64
	several bool // matches are of several events
}

// matchRow is one event of a match, ready to be shown.
type matchRow struct {
	match, step int
	time, place string
	cells       []string
}

// NewMatchTable returns a table with a column for each field. path says where documents
// have a field.
func NewMatchTable(fields []string, path func(string) string) *MatchTable {
	t := &MatchTable{}
	for _, field := range fields {
		if path(field) != "@timestamp" { // it has a column of its own
			t.fields = append(t.fields, field)
			t.paths = append(t.paths, event.NewPath(path(field)))
		}
	}
	return t
}

// Finding takes one match. It keeps no reference to it and never fails.
func (t *MatchTable) Finding(f *scan.Finding) error {
	t.matches++
	t.several = t.several || !f.IsEvent()
	for i := range f.Hits {
		t.events++
		if len(t.rows) < maxMatches {
			t.rows = append(t.rows, t.row(i+1, &f.Hits[i]))
		}
	}
	return nil
}

func (t *MatchTable) row(step int, hit *scan.Hit) matchRow {
	row := matchRow{match: int(t.matches), step: step, cells: make([]string, len(t.paths))}
	for i := range row.cells {
		row.cells[i] = "-"
	}
	if len(hit.JSON) == 0 {
		row.time, row.place = "-", "missing, as it must be"
		return row
	}
	row.time = timeText(hit.Time)
	row.place = place(hit.Evidence.Source, hit.Evidence.Member, hit.Evidence.Line, hit.Evidence.Offset)
	doc, err := t.parser.ParseBytes(hit.JSON)
	if err != nil {
		return row
	}
	e := event.Event{Doc: doc}
	for i, path := range t.paths {
		t.values = path.Append(t.values[:0], &e)
		row.cells[i] = cell(valuesText(t.values))
	}
	return row
}

// valuesText writes the values of a field with commas between.
func valuesText(values []*fastjson.Value) string {
	texts := make([]string, len(values))
	for i, v := range values {
		if v.Type() == fastjson.TypeString {
			texts[i] = string(v.GetStringBytes())
		} else {
			texts[i] = v.String()
		}
	}
	return strings.Join(texts, ", ")
}

// Write writes the table.
func (t *MatchTable) Write(w io.Writer, o TerminalOptions) error {
	p := &page{width: max(o.Width, minWidth), look: newLook(o.Color, o.Background)}
	if o.Width <= 0 {
		p.width = defaultWidth
	}
	if len(t.rows) == 0 {
		p.text(0, p.look.plain, "no matches")
		return p.flush(w)
	}
	p.table(0, t.columns())
	if more := t.events - int64(len(t.rows)); more > 0 {
		p.blank()
		p.text(0, p.look.label, fmt.Sprintf("… and %s more; the JSON lines (-f jsonl) have all", triage.Number(more)))
	}
	return p.flush(w)
}

func (t *MatchTable) columns() []column {
	each := func(title string, text func(*matchRow) string) column {
		c := column{title: title}
		for i := range t.rows {
			c.cells = append(c.cells, text(&t.rows[i]))
		}
		return c
	}
	var columns []column
	if t.several {
		number := each("MATCH", func(r *matchRow) string { return fmt.Sprintf("%d.%d", r.match, r.step) })
		number.fixed = true
		columns = append(columns, number)
	}
	time := each("TIME", func(r *matchRow) string { return r.time })
	time.fixed = true
	columns = append(columns, time)
	for i, field := range t.fields {
		columns = append(columns, each(safe.Text(safe.Clip(field, maxCell)), func(r *matchRow) string { return r.cells[i] }))
	}
	return append(columns, each("PLACE", func(r *matchRow) string { return r.place }))
}
