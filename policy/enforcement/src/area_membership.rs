//! Test of points against a published area. It can't fail and is never NULL: NaN and coordinates outside the Earth lie in no area.

use datafusion_common::arrow::array::{Array, AsArray, BooleanArray};
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use hansa_audit_log::digest::Digest;
use hansa_policy::published_list::area_list::{GeoPoint, Polygon};
use hansa_policy::value::area::AreaSelector;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Expression that is true if the point at `lon` and `lat` lies in one of the polygons, which are those of `which` in `list`.
pub(crate) fn area_membership_expr(
    lon: Expr,
    lat: Expr,
    list: Digest,
    which: &AreaSelector,
    polygons: Vec<Polygon>,
) -> Expr {
    let made = AreaMembershipFunction {
        list,
        which: which.clone(),
        polygons: polygons.into(),
        signature: Signature::any(2, Volatility::Immutable),
    };
    ScalarUDF::from(made).call(vec![lon, lat])
}

/// Function with its polygons. Comparisons use the list and the selection, which determine the polygons.
struct AreaMembershipFunction {
    list: Digest,
    which: AreaSelector,
    polygons: Arc<[Polygon]>,
    signature: Signature,
}

impl fmt::Debug for AreaMembershipFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Within")
    }
}

impl PartialEq for AreaMembershipFunction {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list && self.which == other.which
    }
}

impl Eq for AreaMembershipFunction {}

impl Hash for AreaMembershipFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.list.hash(state);
        self.which.hash(state);
    }
}

impl ScalarUDFImpl for AreaMembershipFunction {
    fn name(&self) -> &'static str {
        "within"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), DataType::Boolean, false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [lon, lat] = arrays.as_slice() else {
            return exec_err!("two columns of degrees");
        };
        if [lon, lat]
            .iter()
            .any(|a| *a.data_type() != DataType::Float64)
        {
            return exec_err!("two columns of degrees");
        }
        let lons = lon.as_primitive::<Float64Type>().iter();
        let lats = lat.as_primitive::<Float64Type>().iter();
        let held: BooleanArray = lons
            .zip(lats)
            .map(|(lon, lat)| Some(lon.zip(lat).is_some_and(|(lon, lat)| self.holds(lon, lat))))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(held)))
    }
}

impl AreaMembershipFunction {
    fn holds(&self, lon: f64, lat: f64) -> bool {
        let point = GeoPoint::from_degrees(lon, lat);
        point.is_some_and(|point| self.polygons.iter().any(|part| part.holds(point)))
    }
}
