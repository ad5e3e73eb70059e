// Package eql is the front end of the Event Query Language as Elasticsearch runs it:
// text in, a checked tree or located errors out. Parse is the way in; the files follow
// the text: token, lex, ast, parse, check, print, error. It uses the standard library
// alone and knows nothing of events.
package eql
