//! `--filter`: one comparison of a field, or of the whole line.

/// `FIELD=VALUE`, `!=`, `<`, `<=`, `>`, `>=`, or `FIELD~TEXT` (contains); `~TEXT` looks at the whole line.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// `None`: the whole line.
    pub field: Option<String>,
    comparison: Comparison,
}

#[derive(Clone, Debug, PartialEq)]
enum Comparison {
    Equals(String),
    Differs(String),
    Contains(String),
    Less(f64),
    LessOrEqual(f64),
    Greater(f64),
    GreaterOrEqual(f64),
}

impl Filter {
    pub fn accepts(&self, value: &str) -> bool {
        let number = || value.parse::<f64>().ok();
        match &self.comparison {
            Comparison::Equals(wanted) => value == wanted,
            Comparison::Differs(unwanted) => value != unwanted,
            Comparison::Contains(text) => value.contains(text.as_str()),
            Comparison::Less(bound) => number().is_some_and(|n| n < *bound),
            Comparison::LessOrEqual(bound) => number().is_some_and(|n| n <= *bound),
            Comparison::Greater(bound) => number().is_some_and(|n| n > *bound),
            Comparison::GreaterOrEqual(bound) => number().is_some_and(|n| n >= *bound),
        }
    }
}

impl std::str::FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let usage =
            || format!("--filter {text:?}: want FIELD=VALUE, FIELD!=VALUE, FIELD<N, <=, >, >=, FIELD~TEXT or ~TEXT");
        let at = text.find(['=', '!', '<', '>', '~']).ok_or_else(usage)?;
        let (field, rest) = text.split_at(at);
        // The longer operators first, so that `<=` is not read as `<` and a value that starts with `=`.
        let operator = ["!=", "<=", ">=", "=", "<", ">", "~"].into_iter().find(|op| rest.starts_with(op));
        let operator = operator.ok_or_else(usage)?;
        let value = &rest[operator.len()..];
        let number =
            || value.parse::<f64>().map_err(|_| format!("--filter {text:?}: {value:?} is no number to compare with"));
        let comparison = match operator {
            "=" => Comparison::Equals(value.into()),
            "!=" => Comparison::Differs(value.into()),
            "~" => Comparison::Contains(value.into()),
            "<" => Comparison::Less(number()?),
            "<=" => Comparison::LessOrEqual(number()?),
            ">" => Comparison::Greater(number()?),
            _ => Comparison::GreaterOrEqual(number()?),
        };
        match (field.is_empty(), &comparison) {
            (false, _) => Ok(Self { field: Some(field.into()), comparison }),
            (true, Comparison::Contains(_)) => Ok(Self { field: None, comparison }),
            (true, _) => Err(usage()),
        }
    }
}
